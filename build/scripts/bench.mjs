// npm run bench -- SUITE [--json]: compiles and runs a benchmark in a process of its own.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'

const [suite, ...rest] = process.argv.slice(2)
const entry = `dist/server/bench/${suite}.js`
const run = (args) => spawnSync(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1
if (run(['node_modules/typescript/bin/tsc', '-b', 'server', 'desktop/cli']) !== 0) process.exit(1)
if (!suite || !/^[a-z]+$/.test(suite) || ['report', 'onnx-file', 'half-model'].includes(suite) || !existsSync(entry)) {
  const suites = readdirSync('dist/server/bench').filter(
    (name) =>
      name.endsWith('.js') && !['report.js', 'onnx-file.js', 'half-model.js', 'plain-transfer.js'].includes(name),
  )
  console.error(
    `usage: npm run bench -- SUITE [--json]   suites: ${suites.map((name) => name.slice(0, -3)).join(', ')}`,
  )
  process.exit(2)
}
process.exit(run([entry, ...rest]))
