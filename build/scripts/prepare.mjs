// Runs after `npm ci` in a checkout: compiles what the commands run. Without development dependencies there is nothing to do.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

if (!existsSync('node_modules/typescript') || !existsSync('node_modules/electron-vite')) {
  console.error('cryomamba: development dependencies are absent, nothing is compiled')
  process.exit(0)
}
const result = spawnSync('npm', ['run', '--silent', 'build'], {
  stdio: ['ignore', 2, 2],
  shell: process.platform === 'win32',
})
process.exit(result.status ?? 1)
