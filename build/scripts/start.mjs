// `npm start [-- FILE]`: compiles where a source is newer than the last build, then opens the window.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureSystemPackages } from './system-packages.mjs'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const stamp = path.join(root, 'out/.built')

function newestMs(folder) {
  const times = readdirSync(folder, { withFileTypes: true }).map((item) => {
    const file = path.join(folder, item.name)
    return item.isDirectory() ? newestMs(file) : statSync(file).mtimeMs
  })
  return Math.max(0, ...times)
}

function node(script, args, stdio = ['ignore', 2, 2]) {
  const done = spawnSync(process.execPath, [path.join(root, script), ...args], { cwd: root, stdio, encoding: 'utf8' })
  if (done.status !== 0) process.exit(done.status ?? 1)
  return done.stdout
}

const rooms = ['shared', 'server', 'desktop', 'build/vite'].map((room) => path.join(root, room))
if (!existsSync(stamp) || statSync(stamp).mtimeMs < Math.max(...rooms.map(newestMs))) {
  const started = new Date()
  node('node_modules/typescript/bin/tsc', ['-b'])
  node('node_modules/electron-vite/bin/electron-vite.js', ['build'])
  writeFileSync(stamp, '')
  utimesSync(stamp, started, started) // what changed during the build is newer
}
const command = ensureSystemPackages()
if (command) console.error(`If the window does not open, install its libraries:\n  ${command}`)
const program = node('build/electron-runtime.mjs', ['--program'], ['ignore', 'pipe', 2]).trim()
// Chromium refuses to run its sandbox as root.
const switches = process.getuid?.() === 0 ? ['--no-sandbox'] : []
const files = process.argv.slice(2).map((word) => (word.startsWith('-') ? word : path.resolve(word)))
spawn(program, [root, ...switches, ...files], { stdio: 'inherit' }).once('exit', (code) => process.exit(code ?? 1))
