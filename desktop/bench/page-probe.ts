import type { Page } from 'playwright-core'

/**
 * One span of NiiVue and the driver (`graphics:…`), of this probe waiting for the driver (`wait`), one long frame (`frame`)
 * or one script in it (`script`). Milliseconds.
 */
export interface Span {
  name: string
  start: number
  end: number
}

interface Probe {
  spans: Span[]
  openedAt: number
}

interface ProbedVolume {
  volume_ref: string
  shape_zyx: [number, number, number]
}

declare global {
  interface Window {
    probe: Probe
    labelPort: MessagePort
    readonly cryomamba: { onEvent(listener: (event: { type: string; volume: ProbedVolume }) => void): void }
    /** The volume opened last. */
    probeVolume: ProbedVolume
    /** Time at which the picture is complete. */
    pictureReady(): number
    measureAction(act: () => void): Promise<Latency>
  }
}

/** Begins to note spans in the page. */
export async function installProbe(page: Page): Promise<void> {
  await page.evaluate(() => {
    window.probe = { spans: [], openedAt: 0 }
    const note = (name: string, { startTime, duration }: { startTime: number; duration: number }) =>
      window.probe.spans.push({ name, start: startTime, end: startTime + duration })
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) note(entry.name, entry)
    }).observe({ entryTypes: ['measure'] })
    // Frames over 50 ms, and which scripts ran in them: the rest of such a frame waits for the graphics driver.
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        note('frame', entry)
        const { scripts } = entry as PerformanceEntry & { scripts: { startTime: number; duration: number }[] }
        for (const script of scripts) note('script', script)
      }
    }).observe({ type: 'long-animation-frame' })
    // Reading a pixel waits until all that was drawn is there.
    window.pictureReady = () => {
      const gl = document.querySelector('canvas')?.getContext('webgl2')
      const start = performance.now()
      gl?.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4))
      const end = performance.now()
      window.probe.spans.push({ name: 'wait', start, end })
      return end
    }
    window.cryomamba.onEvent((event) => {
      if (event.type === 'volume_opened') window.probeVolume = event.volume
    })
    window.measureAction = async (act) => {
      const before = window.probe.spans.length
      const startMs = performance.now()
      act()
      const actedMs = performance.now()
      for (let waited = 0; waited < 120_000; waited += 4) {
        await new Promise((resolve) => setTimeout(resolve, 4))
        const spans = window.probe.spans.slice(before).filter(({ start }) => start >= startMs)
        const draw = spans.find(({ name, end }) => name === 'graphics:draw' && end >= actedMs)
        if (!draw) continue
        const until = spans.filter(({ name, end }) => name.startsWith('graphics:') && end <= draw.end)
        const graphicsMs = until.reduce((sum, { start, end }) => sum + end - start, 0)
        const numUploads = until.filter(({ name }) => name === 'graphics:level').length
        const first = Math.min(...until.map(({ start }) => start))
        const handledMs = until[0].name === 'graphics:draw' ? actedMs : first
        return { ownMs: handledMs - startMs, drawnMs: window.pictureReady() - startMs, graphicsMs, numUploads }
      }
      throw new Error('nothing was drawn')
    }
  })
}

export function spansOf(page: Page): Promise<Span[]> {
  return page.evaluate(async () => {
    // Observers are told of a measure a moment later.
    await new Promise((resolve) => setTimeout(resolve, 100))
    return window.probe.spans
  })
}

/** Longest frame of the window, and longest script in one without what NiiVue, the driver and waiting for it took of it. */
export function stalls(spans: readonly Span[]): { frameMs: number; ownMs: number } {
  const graphics = spans.filter(({ name }) => name.startsWith('graphics:') || name === 'wait')
  let [frameMs, ownMs] = [0, 0]
  for (const { name, start, end } of spans) {
    if (name === 'frame') frameMs = Math.max(frameMs, end - start)
    if (name !== 'script') continue
    const inside = graphics.reduce(
      (sum, span) => sum + Math.max(0, Math.min(span.end, end) - Math.max(span.start, start)),
      0,
    )
    ownMs = Math.max(ownMs, end - start - inside)
  }
  return { frameMs, ownMs }
}

/** Waits for the first picture of what is being opened. @returns milliseconds since the click on Open */
export function firstImageMs(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const { spans, openedAt } = window.probe
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 4))
      const level = spans.find(({ name, start }) => name === 'graphics:level' && start >= openedAt)
      const shown = document.querySelector('[data-testid=viewer]')
      const isShown = shown?.getAttribute('data-ready') === 'true' || shown?.getAttribute('data-sampled') === 'true'
      if (level && isShown && spans.some(({ name, start }) => name === 'graphics:draw' && start >= level.end))
        return window.pictureReady() - openedAt
    }
  })
}

/** Levels that were shown since the click on Open: when each was handed to NiiVue, and how long that took. */
export function levelsSince(spans: readonly Span[], openedAt: number): { readyMs: number; niivueMs: number }[] {
  return spans
    .filter(({ name, start }) => name === 'graphics:level' && start >= openedAt)
    .map(({ start, end }) => ({ readyMs: start - openedAt, niivueMs: end - start }))
}

/** What one action takes: in our own code until it returns, and until it is drawn. */
export interface Latency {
  /** Of our own code: the handler where it only asks for a frame, else all until NiiVue is called. */
  ownMs: number
  drawnMs: number
  /** Of that in NiiVue and the driver. */
  graphicsMs: number
  /** Times that the volume was uploaded again: none are wanted. */
  numUploads: number
}

/** Turns the wheel over the XY pane, one step at a time. */
export function scrollLatency(page: Page, times: number): Promise<Latency[]> {
  return page.evaluate(async (times) => {
    const canvas = document.querySelector('canvas') as HTMLCanvasElement
    const box = canvas.getBoundingClientRect()
    const at = { clientX: box.left + 80, clientY: box.top + 120, bubbles: true, cancelable: true }
    const found: Latency[] = []
    for (let i = 0; i < times; i++)
      found.push(
        await window.measureAction(() => canvas.dispatchEvent(new WheelEvent('wheel', { ...at, deltaY: -120 }))),
      )
    return found
  }, times)
}

/** Milliseconds from the last turn of the wheel until the slices were replaced by full-resolution planes; NaN if not. */
export function settleMs(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const startMs = performance.now()
    for (let waited = 0; waited < 3000; waited += 50) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      const plane = window.probe.spans.findLast(({ name, start }) => name === 'graphics:plane' && start > startMs)
      if (plane) return plane.end - startMs
    }
    return Number.NaN
  })
}

/** Drags the black end of the contrast, one step at a time. */
export function contrastLatency(page: Page, times: number): Promise<Latency[]> {
  return page.evaluate(async (times) => {
    const input = document.querySelector('input[aria-label=Black]') as HTMLInputElement
    const setValue = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set
    const found: Latency[] = []
    for (let i = 0; i < times; i++)
      found.push(
        await window.measureAction(() => {
          setValue?.call(input, String(0.05 + 0.01 * i))
          input.dispatchEvent(new Event('input', { bubbles: true }))
        }),
      )
    return found
  }, times)
}

/** The open volume and the level of it that is on show. */
export function levelOnShow(page: Page): Promise<Omit<LabelUpdate, 'planes' | 'runRef'>> {
  return page.evaluate(() => {
    const { volume_ref, shape_zyx } = window.probeVolume
    const shown = document.querySelector('[data-testid=resolution-3d]')?.textContent ?? ''
    const bin = Number(/1\/(\d+)/.exec(shown)?.[1] ?? 1)
    const shapeZyx = shape_zyx.map((size) => Math.ceil(size / bin)) as [number, number, number]
    return { volumeRef: volume_ref, bin, shapeZyx }
  })
}

export interface LabelUpdate {
  volumeRef: string
  runRef: string
  bin: number
  shapeZyx: [number, number, number]
  /** Planes that change; all of them when null. */
  planes: number | null
}

/** Sends labels as the volume service does, over a port of our own. The buffer moves, as between processes it is ready. */
export function labelLatency(page: Page, update: LabelUpdate, times: number): Promise<Latency[]> {
  return page.evaluate(
    async ({ update: { volumeRef, runRef, bin, shapeZyx, planes }, times }) => {
      if (!window.labelPort) {
        const { port1, port2 } = new MessageChannel()
        window.labelPort = port1
        window.postMessage('cryomamba:volume-port', window.origin, [port2])
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
      const planeVoxels = shapeZyx[1] * shapeZyx[2]
      const found: Latency[] = []
      for (let i = 0; i < times; i++) {
        const voxels = new Uint8Array((planes ?? shapeZyx[0]) * planeVoxels)
        for (let at = i * 5; at < voxels.length; at += 11) voxels[at] = 1
        const message = {
          type: 'labels',
          volume_ref: volumeRef,
          run_ref: runRef,
          stage: 'final_planes',
          bin,
          shape_zyx: shapeZyx,
          voxels,
          ...(planes === null ? {} : { first_plane: Math.floor(shapeZyx[0] / 2) }),
        }
        found.push(await window.measureAction(() => window.labelPort.postMessage(message, [voxels.buffer])))
      }
      return found
    },
    { update, times },
  )
}
