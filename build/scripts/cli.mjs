// Starts the compiled command line; compiles first where a source is newer than the last build, one process at a time.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const entry = path.join(root, 'dist/desktop/cli/main.js')
const stamp = path.join(root, 'dist/.cli-built')
const lock = path.join(root, 'node_modules/.cryomamba-build-lock')

function newestSourceMs(folder) {
  let newest = 0
  for (const item of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, item.name)
    if (item.isDirectory()) newest = Math.max(newest, newestSourceMs(file))
    else if (item.name.endsWith('.ts') && !item.name.endsWith('.test.ts'))
      newest = Math.max(newest, statSync(file).mtimeMs)
  }
  return newest
}

function isCurrent() {
  if (!existsSync(entry) || !existsSync(stamp)) return false
  const newest = Math.max(...['shared', 'server', 'desktop/cli'].map((room) => newestSourceMs(path.join(root, room))))
  return statSync(stamp).mtimeMs >= newest
}

function compile() {
  const startedMs = Date.now()
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc')
  const run = spawnSync(process.execPath, [tsc, '-b', 'server', 'desktop/cli'], { cwd: root, stdio: ['ignore', 2, 2] })
  if (run.status !== 0) process.exit(run.status ?? 1)
  writeFileSync(stamp, new Date(startedMs).toISOString())
}

async function compileOnce() {
  for (let waitedMs = 0; waitedMs < 120_000; waitedMs += 100) {
    try {
      mkdirSync(lock)
      try {
        if (!isCurrent()) compile()
      } finally {
        rmdirSync(lock)
      }
      return
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
    if (existsSync(lock) && Date.now() - statSync(lock).mtimeMs > 120_000) rmdirSync(lock) // left by a killed process
  }
  throw new Error(`another build holds ${lock}`)
}

if (existsSync(path.join(root, 'node_modules/typescript')) && !isCurrent()) await compileOnce()
process.argv[1] = entry
await import(pathToFileURL(entry).href)
