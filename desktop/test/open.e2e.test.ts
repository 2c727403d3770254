import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import { type DesktopApp, launchDesktop, openThroughDialog, SAMPLE, volumeShown } from './desktop-app.ts'
import { pixelsAt } from './pixels.ts'

let desktop: DesktopApp

beforeAll(async () => {
  desktop = await launchDesktop([SAMPLE])
})
afterAll(() => desktop?.close())

async function valueInFile(indexXyz: number[]): Promise<number> {
  const source = await openVolumeFile(SAMPLE)
  const [x, y, z] = indexXyz
  const [value] = await source.readBox([z, y, x], [1, 1, 1])
  await source.close()
  return Number(value)
}

async function crosshair(): Promise<{ indexXyz: number[]; value: number }> {
  const { page } = desktop
  await page.locator('[data-testid=voxel-value]:not([data-value=""])').waitFor()
  const indexXyz = ((await page.getByTestId('crosshair').textContent()) ?? '').split(',').map(Number)
  return { indexXyz, value: Number(await page.getByTestId('voxel-value').getAttribute('data-value')) }
}

describe('a file named on the command line', () => {
  it('is shown in slices, with its shape and voxel size', async () => {
    await volumeShown(desktop, 'sample.mrc')
    const panel = desktop.page.getByRole('region', { name: 'Volume', exact: true })
    expect((await panel.textContent()) ?? '').toContain('192 × 160 × 72')
    expect((await panel.textContent()) ?? '').toContain('13.48 Å')
    await desktop.page.waitForTimeout(500)
    await desktop.screenshot('02-sample-open')
  })

  it('has the value of the file under the crosshair, in the middle and where one clicks', async () => {
    const middle = await crosshair()
    expect(middle.indexXyz).toEqual([96, 80, 36])
    expect(middle.value).toBe(await valueInFile(middle.indexXyz))
    const box = await desktop.page.locator('canvas').boundingBox()
    if (!box) throw new Error('no picture')
    await desktop.page.mouse.click(box.x + 90, box.y + 180)
    await expect.poll(async () => (await crosshair()).indexXyz, { timeout: 20_000 }).not.toEqual(middle.indexXyz)
    const clicked = await crosshair()
    expect(clicked.value).toBe(await valueInFile(clicked.indexXyz))
  })

  it('moves through the slices with the wheel', async () => {
    const before = await crosshair()
    const box = await desktop.page.locator('canvas').boundingBox()
    if (!box) throw new Error('no picture')
    await desktop.page.mouse.move(box.x + 120, box.y + 200)
    await desktop.page.mouse.wheel(0, -120)
    await expect.poll(async () => (await crosshair()).indexXyz[2], { timeout: 20_000 }).toBe(before.indexXyz[2] + 1)
  })

  it('moves with the keys once the picture has the focus', async () => {
    const before = await crosshair()
    await desktop.page.locator('canvas').focus()
    for (const key of ['ArrowRight', 'ArrowUp', 'PageDown']) await desktop.page.keyboard.press(key)
    const [x, y, z] = before.indexXyz
    await expect.poll(async () => (await crosshair()).indexXyz, { timeout: 20_000 }).toEqual([x + 1, y + 1, z - 1])
  })

  it('shows one pane alone, and light colours', async () => {
    await desktop.page.getByRole('button', { name: 'XY', exact: true }).click()
    await desktop.page.getByRole('button', { name: 'Switch to the light theme' }).click()
    await desktop.page.waitForTimeout(500)
    await desktop.screenshot('03-one-pane-light')
    await desktop.page.getByRole('button', { name: 'All', exact: true }).click()
    await desktop.page.getByRole('button', { name: 'Switch to the dark theme' }).click()
  })
})

describe('a lost graphics context', () => {
  it('is said, and the volume comes back', async () => {
    const { page } = desktop
    await page.evaluate(() => {
      document.querySelector('canvas')?.getContext('webgl2')?.getExtension('WEBGL_lose_context')?.loseContext()
    })
    await page.getByRole('alert').filter({ hasText: 'graphics driver' }).waitFor()
    await page.waitForTimeout(1500)
    await desktop.screenshot('03-graphics-came-back')
    const [colour] = await pixelsAt(page, [[420, 250]])
    expect(Math.max(...colour)).toBeGreaterThan(40)
    await page.getByRole('button', { name: 'Dismiss', exact: true }).click()
    desktop.complaints.length = 0
  })
})

describe('a file dropped on the window', () => {
  it('is opened', async () => {
    const { page } = desktop
    const copy = path.join(desktop.folder, 'dropped.mrc')
    copyFileSync(SAMPLE, copy)
    const devtools = await page.context().newCDPSession(page)
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await devtools.send('Input.dispatchDragEvent', {
        type,
        x: 500,
        y: 400,
        data: { items: [], files: [copy], dragOperationsMask: 1 },
      })
    await volumeShown(desktop, 'dropped.mrc')
  })
})

describe('8-bit values of a doubtful sign', () => {
  it('are read as the user says', async () => {
    const header = readFileSync(SAMPLE).subarray(0, 1024)
    for (const [word, value] of [
      [0, 24],
      [1, 20],
      [2, 16],
      [3, 0],
      [23, 0],
      [38, 0],
      [39, 0],
    ])
      header.writeInt32LE(value, word * 4)
    for (const [word, value] of [
      [19, 0],
      [20, 250],
      [21, 120],
    ])
      header.writeFloatLE(value, word * 4)
    const file = path.join(desktop.folder, 'bytes.mrc')
    writeFileSync(file, Buffer.concat([header, Buffer.alloc(24 * 20 * 16, 200)]))
    await openThroughDialog(desktop, file)
    await volumeShown(desktop, 'bytes.mrc')
    expect((await crosshair()).value).toBe(-56)
    await desktop.page.getByText('Unsigned', { exact: true }).click()
    await expect.poll(async () => (await crosshair()).value, { timeout: 20_000 }).toBe(200)
    // It is remembered for the file.
    await openThroughDialog(desktop, SAMPLE)
    await volumeShown(desktop, 'sample.mrc')
    await openThroughDialog(desktop, file)
    await volumeShown(desktop, 'bytes.mrc')
    expect((await crosshair()).value).toBe(200)
  })
})

describe('the window', () => {
  it('has no way to Node, and runs isolated', async () => {
    const facts = await desktop.page.evaluate(() => ({
      isIsolated: crossOriginIsolated,
      globals: ['require', 'process', 'module', 'ipcRenderer'].filter((name) => name in window),
      origin: location.origin,
    }))
    expect(facts).toEqual({ isIsolated: true, globals: [], origin: 'app://cryomamba' })
  })

  it('refuses scripts written into the page, and connections to the outside', async () => {
    const refused = await desktop.page.evaluate(async () => {
      const violations: string[] = []
      document.addEventListener('securitypolicyviolation', (event) => violations.push(event.effectiveDirective))
      const script = document.createElement('script')
      script.textContent = 'window.wasInjected = true'
      document.body.append(script)
      await fetch('http://127.0.0.1:9/').catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, 200))
      return { violations: violations.toSorted(), wasInjected: 'wasInjected' in window }
    })
    expect(refused).toEqual({ violations: ['connect-src', 'script-src-elem'], wasInjected: false })
    desktop.complaints.length = 0
  })

  it('goes nowhere else and opens no other window', async () => {
    const { app, page } = desktop
    await page.evaluate(() => {
      window.open('https://example.org')
      location.href = 'https://example.org'
    })
    await page.waitForTimeout(500)
    expect(page.url()).toBe('app://cryomamba/index.html')
    expect(app.windows()).toHaveLength(1)
    desktop.complaints.length = 0
  })

  it('answers a malformed or unknown request with a problem and goes on', async () => {
    const replies = await desktop.page.evaluate(async () => {
      const { request } = (window as unknown as { cryomamba: { request(...input: unknown[]): Promise<unknown> } })
        .cryomamba
      return [
        await request('run.start', { volume_ref: '../etc', extra: 1 }),
        await request('shell.open', '/etc/passwd'),
      ]
    })
    for (const reply of replies)
      expect(reply).toMatchObject({ ok: false, problem: { code: 'bridge_input_invalid', retryable: false } })
  })

  it('refuses in the main process too what the preload script would have refused', async () => {
    const reply = await desktop.app.evaluate(async ({ ipcMain, webContents }) => {
      const handlers = (ipcMain as unknown as { _invokeHandlers: Map<string, (...input: unknown[]) => unknown> })
        ._invokeHandlers
      const frame = webContents.getAllWebContents()[0].mainFrame
      return handlers.get('cryomamba:request')?.({ senderFrame: frame }, 'settings.theme', 'purple')
    })
    expect(reply).toMatchObject({ ok: false, problem: { code: 'bridge_input_invalid' } })
  })

  it('reported no error and no violation of its policy', () => {
    expect(desktop.complaints).toEqual([])
  })
})
