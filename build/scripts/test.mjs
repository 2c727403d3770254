// `npm test`: compiles, runs the unit tests, then the tests that drive the real program. Further words go to Vitest as
// file filters; `--unit` or `--e2e` runs only one half.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { startDisplay } from './display.mjs'
import { ensureSystemPackages } from './system-packages.mjs'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
process.chdir(root)
const words = process.argv.slice(2)
const filters = words.filter((word) => word !== '--unit' && word !== '--e2e')
const half = words.find((word) => word === '--unit' || word === '--e2e')

function run(script, args, env = {}, stdio = 'inherit') {
  const result = spawnSync(process.execPath, [script, ...args], { stdio, env: { ...process.env, ...env } })
  return result.status ?? 1
}

function vitest(name, config, env = {}) {
  const report = path.join('test-out', `${name}.json`)
  rmSync(report, { force: true })
  const args = ['run', '-c', config, '--passWithNoTests', '--reporter=default', '--reporter=json']
  const status = run('node_modules/vitest/vitest.mjs', [...args, `--outputFile.json=${report}`, ...filters], env)
  return { status, ...counts(report) }
}

/** Without a report nothing is known to have passed. */
function counts(report) {
  try {
    const found = JSON.parse(readFileSync(report, 'utf8'))
    const failedFiles = found.testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.length === 0,
    )
    return {
      passed: found.numPassedTests,
      failed: found.numFailedTests + failedFiles.length,
      skipped: found.numPendingTests + (found.numTodoTests ?? 0),
    }
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

function compile() {
  return (
    run('node_modules/typescript/bin/tsc', ['-b']) || run('node_modules/electron-vite/bin/electron-vite.js', ['build'])
  )
}

async function endToEnd() {
  const command = ensureSystemPackages()
  if (command) {
    console.error(`The tests of the window need system libraries. Install them with:\n  ${command}`)
    return { status: 1, passed: 0, failed: 1, skipped: 0 }
  }
  if (run('build/electron-runtime.mjs', ['--program'], {}, ['ignore', 'ignore', 'inherit']) !== 0)
    return { status: 1, passed: 0, failed: 1, skipped: 0 }
  const display = await startDisplay()
  try {
    return vitest('e2e', 'build/vitest.e2e.config.ts', display.env)
  } finally {
    display.stop()
  }
}

mkdirSync('test-out', { recursive: true })
const compiled = compile()
if (compiled !== 0) {
  console.log('0 passed, 1 failed, 0 skipped')
  process.exit(compiled)
}
const results = []
if (half !== '--e2e') results.push(vitest('unit', 'build/vitest.config.ts'))
if (half !== '--unit') results.push(await endToEnd())
const sum = (key) => results.reduce((total, result) => total + result[key], 0)
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`)
process.exit(results.some((result) => result.status !== 0) || sum('failed') > 0 ? 1 : 0)
