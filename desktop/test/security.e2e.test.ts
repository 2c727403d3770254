import { copyFileSync } from 'node:fs'
import path from 'node:path'
import { Value } from 'typebox/value'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BRIDGE_REQUESTS, type BridgeChannel, PRELOAD_CHANNELS } from '../../shared/contract/bridge.ts'
import { type DesktopApp, launchDesktop, SAMPLE } from './desktop-app.ts'

let desktop: DesktopApp

beforeAll(async () => {
  desktop = await launchDesktop()
  await desktop.page.getByRole('button', { name: 'Open the sample' }).waitFor()
})
afterAll(() => desktop?.close())

const CHANNELS = Object.keys(BRIDGE_REQUESTS) as BridgeChannel[]
const DEEP = JSON.parse(`${'{"a":'.repeat(20)}1${'}'.repeat(20)}`) as unknown
/** Values that a broken or hostile page might send; each channel is sent those that it does not accept. */
const JUNK: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  '',
  'x'.repeat(40_000),
  '../../etc/passwd',
  'https://example.org',
  [],
  [null],
  {},
  { volume_ref: '../etc', run_ref: 'A B', model_id: '', format: 'exe' },
  { kind: 'server', url: '', token: '' },
  { kind: 'server', url: 'http://a', token: 'x'.repeat(5000) },
  { kind: 'local', more: 1 },
  { theme: 'purple' },
  { zoom: 1e9 },
  { results_folder: '/etc' },
  { volume_ref: 'a', state: { layout: 'all' } },
  { run_ref: 'a', format: 'mrc', more: true },
  DEEP,
]
const MALFORMED = CHANNELS.map(
  (channel) => [channel, JUNK.filter((value) => !Value.Check(BRIDGE_REQUESTS[channel].input, value))] as const,
)
type Reply = { ok: boolean; problem?: { code: string } }
const codesOf = (replies: readonly Reply[]) => [...new Set(replies.map((reply) => reply.problem?.code ?? 'accepted'))]

describe('the bridge', () => {
  it.each(MALFORMED)('refuses malformed inputs of %s in the preload script', async (channel, values) => {
    expect(values.length).toBeGreaterThan(10)
    const replies = await desktop.page.evaluate(
      async ([name, inputs]) => {
        const { cryomamba } = window as unknown as {
          cryomamba: { request(name: string, input: unknown): Promise<Reply> }
        }
        return Promise.all(inputs.map((input) => cryomamba.request(name, input)))
      },
      [channel, [...values]] as const,
    )
    expect(codesOf(replies)).toEqual(['bridge_input_invalid'])
  })

  it.each(MALFORMED)('refuses malformed inputs of %s in the main process', async (channel, values) => {
    const replies = await desktop.app.evaluate(askMain, { channel, values: [...values], isStranger: false })
    expect(codesOf(replies)).toEqual(['bridge_input_invalid'])
  })

  it('refuses every request of a frame that is not the window', async () => {
    for (const channel of CHANNELS) {
      const replies = await desktop.app.evaluate(askMain, { channel, values: [null], isStranger: true })
      expect(codesOf(replies)).toEqual(['bridge_input_invalid'])
    }
  })

  it('has nothing but requests, events and dropped files', async () => {
    const names = await desktop.page.evaluate(() =>
      Object.keys((window as unknown as { cryomamba: object }).cryomamba).toSorted(),
    )
    expect(names).toEqual(['onEvent', 'openDropped', 'request'])
  })
})

/** Calls the main process's handler as a page would whose preload script lets everything through. */
async function askMain(
  { ipcMain, webContents }: typeof Electron.CrossProcessExports,
  { channel, values, isStranger }: { channel: string; values: unknown[]; isStranger: boolean },
): Promise<Reply[]> {
  const handlers = (ipcMain as unknown as { _invokeHandlers: Map<string, (...input: unknown[]) => Promise<Reply>> })
    ._invokeHandlers
  const handle = handlers.get('cryomamba:request')
  const { mainFrame } = webContents.getAllWebContents()[0]
  const senderFrame = isStranger ? { url: 'https://example.org/' } : mainFrame
  return Promise.all(values.map((value) => (handle ? handle({ senderFrame }, channel, value) : { ok: true })))
}

describe('files', () => {
  it('are opened by no path that the page makes up', async () => {
    const copy = path.join(desktop.folder, 'not-chosen.mrc')
    copyFileSync(SAMPLE, copy)
    expect(PRELOAD_CHANNELS).toEqual(['volume.drop'])
    const replies = await desktop.page.evaluate(async (file) => {
      const { cryomamba } = window as unknown as {
        cryomamba: { request(...words: unknown[]): Promise<Reply>; openDropped(file: unknown): Promise<Reply> }
      }
      const made = new File(['x'], file)
      Object.defineProperty(made, 'path', { value: file })
      const refused = { ok: false, problem: { code: 'bridge_input_invalid' } }
      return [
        await cryomamba.request('volume.drop', file),
        await cryomamba.openDropped(made),
        // What is no file at all cannot even be handed over.
        await cryomamba.openDropped({ path: file }).catch(() => refused),
        await cryomamba.openDropped(file).catch(() => refused),
      ]
    }, copy)
    expect(replies.map((reply) => reply.ok)).toEqual([false, false, false, false])
    expect(replies[0].problem?.code).toBe('bridge_input_invalid')
    await desktop.page.waitForTimeout(500)
    expect(await desktop.page.getByRole('heading', { level: 1 }).textContent()).toBe('CryoMamba')
  })

  it('outside the built window are not served, whatever the address', async () => {
    const found = await desktop.page.evaluate(async () => {
      const places = [
        'app://cryomamba/../main/index.js',
        'app://cryomamba/%2e%2e/main/index.js',
        'app://cryomamba/%2e%2e%2f%2e%2e%2fpackage.json',
        'app://cryomamba/..%5c..%5cpackage.json',
        'app://elsewhere/index.html',
        'file:///etc/passwd',
      ]
      return Promise.all(
        places.map((place) =>
          fetch(place).then(
            (reply) => reply.status,
            () => 0,
          ),
        ),
      )
    })
    for (const status of found) expect([0, 404]).toContain(status)
    desktop.complaints.length = 0
  })
})

describe('what a page may ask of the system', () => {
  it('is nothing: every permission is refused', async () => {
    const answers = await desktop.page.evaluate(async () => {
      const failed = (work: Promise<unknown>) =>
        work.then(
          () => 'given',
          () => 'refused',
        )
      const position = new Promise((resolve, reject) => navigator.geolocation.getCurrentPosition(resolve, reject))
      return {
        notifications: await Notification.requestPermission(),
        media: await failed(navigator.mediaDevices.getUserMedia({ audio: true, video: true })),
        screen: await failed(navigator.mediaDevices.getDisplayMedia()),
        clipboard: await failed(navigator.clipboard.readText()),
        position: await failed(position),
        midi: await failed(navigator.requestMIDIAccess({ sysex: true })),
      }
    })
    expect(answers).toEqual({
      notifications: 'denied',
      media: 'refused',
      screen: 'refused',
      clipboard: 'refused',
      position: 'refused',
      midi: 'refused',
    })
    desktop.complaints.length = 0
  })

  it('is two pages in the browser, by name', async () => {
    await desktop.app.evaluate(({ shell }) => {
      const opened: string[] = []
      Object.assign(globalThis, { opened })
      shell.openExternal = async (address) => void opened.push(address)
    })
    await desktop.page.evaluate(async () => {
      const { cryomamba } = window as unknown as { cryomamba: { request(...words: unknown[]): Promise<Reply> } }
      for (const wanted of ['project', 'report_problem', 'https://example.org', 'file:///etc/passwd', 'toString'])
        await cryomamba.request('outside.open', wanted)
      window.open('https://example.org', '_blank')
      document.body.insertAdjacentHTML('beforeend', '<a id="out" href="https://example.org" target="_blank">x</a>')
      document.getElementById('out')?.click()
      document.getElementById('out')?.remove()
    })
    await desktop.page.waitForTimeout(300)
    const opened = await desktop.app.evaluate(() => (globalThis as unknown as { opened: string[] }).opened)
    expect(opened).toEqual([
      'https://github.com/cryomamba/cryomamba',
      'https://github.com/cryomamba/cryomamba/issues/new',
    ])
    expect(desktop.app.windows()).toHaveLength(1)
    expect(desktop.page.url()).toBe('app://cryomamba/index.html')
    desktop.complaints.length = 0
  })
})

describe('the window', () => {
  it('has the safe settings, and the page a strict policy', async () => {
    const settings = await desktop.app.evaluate(({ webContents }) => {
      const contents = webContents.getAllWebContents()[0] as unknown as {
        getLastWebPreferences(): Record<string, unknown>
      }
      return contents.getLastWebPreferences()
    })
    expect(settings).toMatchObject({
      contextIsolation: true,
      nodeIntegration: false,
      sandbox: true,
      webSecurity: true,
    })
    for (const off of ['allowRunningInsecureContent', 'experimentalFeatures', 'webviewTag', 'nodeIntegrationInWorker'])
      expect(settings[off] ?? false).toBe(false)
    expect(settings.enableBlinkFeatures ?? '').toBe('')
    const policy = await desktop.page.evaluate(async () =>
      (await fetch('app://cryomamba/index.html')).headers.get('content-security-policy'),
    )
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).not.toMatch(/unsafe|\*|http/)
  })

  it('embeds nothing', async () => {
    const counts = await desktop.page.evaluate(async () => {
      document.body.insertAdjacentHTML('beforeend', '<webview src="https://example.org"></webview>')
      const frame = document.createElement('iframe')
      frame.src = 'app://cryomamba/index.html'
      document.body.append(frame)
      await new Promise((resolve) => setTimeout(resolve, 300))
      const inner = frame.contentDocument?.getElementById('root') ?? null
      document.querySelector('webview')?.remove()
      frame.remove()
      return { inner: inner === null }
    })
    expect(counts.inner).toBe(true)
    const contents = await desktop.app.evaluate(({ webContents }) => webContents.getAllWebContents().length)
    expect(contents).toBe(1)
    desktop.complaints.length = 0
  })

  it('is alive after all of it', async () => {
    await desktop.page.getByRole('button', { name: 'Open the sample' }).click()
    await desktop.page.getByRole('heading', { level: 1, name: 'sample.mrc', exact: true }).waitFor()
    expect(desktop.complaints).toEqual([])
  })
})
