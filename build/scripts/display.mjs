// A display without a screen, for as long as something runs.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** Starts Xvfb where there is no display. The server itself chooses a free number and tells it. */
export async function startDisplay() {
  if (process.platform !== 'linux' || process.env.DISPLAY) return { env: {}, stop: () => undefined }
  const child = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  const number = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`Xvfb ended with code ${code}`)))
    createInterface({ input: child.stdio[3] }).once('line', resolve)
  })
  return { env: { DISPLAY: `:${number}` }, stop: () => child.kill() }
}
