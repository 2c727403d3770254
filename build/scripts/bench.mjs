// npm run bench -- SUITE [--json]: compiles and runs a benchmark in a process of its own.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { startDisplay } from './display.mjs'

// A suite is one word; files beside the suites that are parts of them have two, but for this one.
const isSuite = (name) => /^[a-z]+$/.test(name) && name !== 'report'
const ROOMS = ['server', 'desktop']

const [suite, ...rest] = process.argv.slice(2)
const run = (args, env = {}) =>
  spawnSync(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env } })
    .status ?? 1
if (run(['node_modules/typescript/bin/tsc', '-b', 'server', 'desktop/cli', 'desktop/bench']) !== 0) process.exit(1)
const room = ROOMS.find((one) => existsSync(`dist/${one}/bench/${suite}.js`))
if (!isSuite(suite ?? '') || !room) {
  const suites = ROOMS.flatMap((one) => readdirSync(`dist/${one}/bench`))
    .filter((name) => name.endsWith('.js'))
    .map((name) => name.slice(0, -3))
    .filter(isSuite)
  console.error(`usage: npm run bench -- SUITE [--json]   suites: ${suites.join(', ')}`)
  process.exit(2)
}
if (room === 'server') process.exit(run([`dist/server/bench/${suite}.js`, ...rest]))
if (run(['node_modules/electron-vite/bin/electron-vite.js', 'build', '--logLevel', 'warn']) !== 0) process.exit(1)
const display = await startDisplay()
const status = run([`dist/desktop/bench/${suite}.js`, ...rest], display.env)
display.stop()
process.exit(status)
