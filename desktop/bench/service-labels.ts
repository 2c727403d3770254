import type { ElectronApplication, Page } from 'playwright-core'

/** A preview as runs hand it to the service: what part of it changes, and how coarse it is. */
export interface ServiceUpdate {
  file: string
  volumeRef: string
  runRef: string
  shapeZyx: [number, number, number]
  /** Of the preview's grid. */
  factor: number
  /** Planes of the preview that change; all of them when null. */
  planes: number | null
}

/** Milliseconds from when the main process has a preview. */
export interface ServiceLatency {
  /** Until NiiVue is called with what changed: copies between three processes, the level's labels, comparing, our code in the window. */
  ownMs: number
  drawnMs: number
}

/**
 * Connects the window to a volume service of our own, the same program on the same file: what the program's own one does
 * can be asked for and timed. The window must ask for its level anew afterwards.
 */
export async function connectOwnService(app: ElectronApplication, file: string, volumeRef: string, folder: string) {
  await app.evaluate(
    async ({ app: program, utilityProcess, MessageChannelMain, BrowserWindow }, { file, volumeRef, folder }) => {
      const entry = `${program.getAppPath()}/out/main/volume-service.js`
      const service = utilityProcess.fork(entry, [`${folder}/levels`, '20e9', `${folder}/copies`, '20e9'])
      ;(globalThis as unknown as { benchService: Electron.UtilityProcess }).benchService = service
      await new Promise<void>((resolve, reject) => {
        service.once('message', (reply) =>
          reply.type === 'reply' ? resolve() : reject(new Error(JSON.stringify(reply))),
        )
        service.postMessage({ type: 'open', call: 1, volume_ref: volumeRef, path: file, mode0: null })
      })
      const { port1, port2 } = new MessageChannelMain()
      service.postMessage({ type: 'window_port' }, [port1])
      BrowserWindow.getAllWindows()[0].webContents.postMessage('cryomamba:port', null, [port2])
    },
    { file, volumeRef, folder },
  )
}

/** Hands previews to that service, one after the other, each once the one before is drawn. */
export async function serviceLatency(
  app: ElectronApplication,
  page: Page,
  update: ServiceUpdate,
  times: number,
): Promise<ServiceLatency[]> {
  const found: ServiceLatency[] = []
  for (let i = 0; i < times; i++) {
    await page.evaluate(() => {
      const before = window.probe.spans.length
      const shown = async () => {
        for (let waited = 0; waited < 120_000; waited += 2) {
          await new Promise((resolve) => setTimeout(resolve, 2))
          const spans = window.probe.spans.slice(before)
          const labels = spans.find(({ name }) => name === 'graphics:labels')
          if (!labels || !spans.some(({ name, start }) => name === 'graphics:draw' && start >= labels.end)) continue
          const origin = performance.timeOrigin
          return { handed: origin + labels.start, drawn: origin + window.pictureReady() }
        }
        throw new Error('no labels were drawn')
      }
      ;(window as unknown as { shown: Promise<unknown> }).shown = shown()
    })
    const sent = await app.evaluate(
      (_electron, { volumeRef, runRef, shapeZyx, factor, planes, i }) => {
        const shape_zyx = shapeZyx.map((size) => Math.ceil(size / factor)) as [number, number, number]
        const planeVoxels = shape_zyx[1] * shape_zyx[2]
        const voxels = new Uint8Array(shape_zyx[0] * planeVoxels)
        const from = planes === null ? 0 : Math.floor(shape_zyx[0] / 2) * planeVoxels
        const to = planes === null ? voxels.length : from + planes * planeVoxels
        for (let at = from + (i % 11); at < to; at += 11) voxels[at] = 1
        const { benchService } = globalThis as unknown as { benchService: Electron.UtilityProcess }
        const preview = { stage: 'final_planes', factor, shape_zyx, voxels }
        const sentAt = performance.timeOrigin + performance.now()
        benchService.postMessage({ type: 'preview', call: i + 2, volume_ref: volumeRef, run_ref: runRef, preview })
        return sentAt
      },
      { ...update, i },
    )
    const shown = await page.evaluate(
      () => (window as unknown as { shown: Promise<{ handed: number; drawn: number }> }).shown,
    )
    found.push({ ownMs: shown.handed - sent, drawnMs: shown.drawn - sent })
  }
  return found
}
