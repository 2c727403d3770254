import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { type Browser, chromium, type Page } from 'playwright-core'
import { ROOT } from './desktop-app.ts'

/** Folder of the built program, or why it cannot be built here. */
export type PackagedProgram = { folder: string } | { reason: string }

/** Builds the Linux folder with the Electron that is here. Nothing is downloaded by the packager. */
export function buildPackagedProgram(): PackagedProgram {
  if (process.platform !== 'linux') return { reason: `the folder build is tested on Linux, not on ${process.platform}` }
  const runtime = spawnSync(process.execPath, ['build/electron-runtime.mjs'], { cwd: ROOT, encoding: 'utf8' })
  if (runtime.status !== 0) return { reason: `no Electron distribution: ${runtime.stderr.trim().split('\n').at(-1)}` }
  const dist = runtime.stdout.trim()
  const version = readFileSync(path.join(dist, 'version'), 'utf8').trim().replace(/^v/, '')
  const output = path.join(ROOT, 'test-out/packaged')
  rmSync(output, { recursive: true, force: true })
  const words = ['-c', 'build/electron-builder.yml', '--linux', 'dir', `--${process.arch}`]
  const overrides = [`electronDist=${dist}`, `electronVersion=${version}`, `directories.output=${output}`]
  const built = spawnSync(
    process.execPath,
    ['node_modules/electron-builder/cli.js', ...words, ...overrides.map((one) => `-c.${one}`)],
    { cwd: ROOT, encoding: 'utf8' },
  )
  if (built.status !== 0) throw new Error(`electron-builder failed:\n${built.stdout}\n${built.stderr}`)
  const folder = readdirSync(output).find((name) => name.startsWith('linux') && name.endsWith('unpacked'))
  if (!folder) throw new Error(`electron-builder left no folder:\n${built.stdout}`)
  return { folder: path.join(output, folder) }
}

/** Every file below a folder, by its path in it, and its size. */
export function filesBelow(folder: string): { name: string; sizeBytes: number }[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => ({ name, stat: statSync(path.join(folder, name)) }))
    .filter(({ stat }) => stat.isFile())
    .map(({ name, stat }) => ({ name, sizeBytes: stat.size }))
}

/** The packaged program while it runs. */
export interface RunningProgram {
  page: Page
  folder: string
  /** What it wrote, both streams. */
  output: string[]
  close(): Promise<void>
}

/**
 * Starts the packaged program. Its fuses refuse the inspector that drives the unpackaged one, so that only the window
 * is driven, through Chromium's own port.
 */
export async function startPackaged(program: string, env: Record<string, string> = {}): Promise<RunningProgram> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-packaged-'))
  const words = ['--remote-debugging-port=0', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])]
  const child = spawn(program, words, {
    cwd: folder,
    env: { ...process.env, ...env, CRYOMAMBA_USER_DATA: path.join(folder, 'user') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output: string[] = []
  const browser = await chromium.connectOverCDP(await titled(await addressOf(child, output)))
  const page = await windowOf(browser)
  page.setDefaultTimeout(60_000)
  return {
    page,
    folder,
    output,
    close: async () => {
      await page.close().catch(() => undefined) // the last window: the program ends
      await ended(child)
      await browser.close().catch(() => undefined)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Playwright waits for ever when it connects while the window begins: only a window that has its title is driven. */
async function titled(address: string, titleMs = 90_000): Promise<string> {
  const list = `http://${new URL(address).host}/json/list`
  for (const startMs = performance.now(); performance.now() - startMs < titleMs; await delay(200)) {
    const targets = await fetch(list, { signal: AbortSignal.timeout(5_000) }).then(
      (reply) => reply.json() as Promise<{ title: string }[]>,
      () => [],
    )
    if (targets.some(({ title }) => title === 'CryoMamba')) return address
  }
  throw new Error('the window did not appear')
}

function addressOf(child: ChildProcess, output: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the program ended with ${code}:\n${output.join('\n')}`)))
    for (const stream of [child.stdout, child.stderr])
      if (stream)
        createInterface({ input: stream }).on('line', (line) => {
          output.push(line)
          const found = /^DevTools listening on (ws:\S+)/.exec(line)
          if (found) resolve(found[1])
        })
  })
}

async function windowOf(browser: Browser): Promise<Page> {
  const [context] = browser.contexts()
  return context.pages()[0] ?? context.waitForEvent('page', { timeout: 60_000 })
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
  await new Promise((resolve) => child.once('exit', resolve))
  clearTimeout(timer)
}
