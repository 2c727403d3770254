import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type ElectronApplication, _electron as electron, type Page } from 'playwright-core'
import type { DesktopEvent, RunView } from '../../shared/contract/bridge.ts'
import { niivueAlone } from './niivue-alone.ts'
import {
  contrastLatency,
  firstImageMs,
  installProbe,
  type LabelUpdate,
  type Latency,
  labelLatency,
  levelOnShow,
  levelsSince,
  scrollLatency,
  settleMs,
  spansOf,
  stalls,
} from './page-probe.ts'
import { connectOwnService, serviceLatency } from './service-labels.ts'
import { readTimeMs, writeTestVolume } from './test-volume.ts'

/**
 * `npm run bench -- viewer [--json] [--quick] [--long]`: the real program with volumes of three sizes, and NiiVue alone
 * with the same. Time inside NiiVue and the graphics driver is told apart: without a graphics card it is most of
 * everything. `--quick` takes the first volume only, `--long` only one of 10.5 GB.
 */
const CASES: readonly { name: string; shapeZyx: [number, number, number]; budget: string | null }[] = [
  { name: '256³ int16', shapeZyx: [256, 256, 256], budget: null },
  { name: '512³ int16', shapeZyx: [512, 512, 512], budget: null },
  { name: '928×960×464 int16', shapeZyx: [464, 960, 928], budget: null },
  { name: '512³ int16, every voxel drawn', shapeZyx: [512, 512, 512], budget: '128 M voxels' },
]
/** 10.5 GB, with an axis beyond what a texture takes. */
const LONG_CASE = {
  name: '2100×1600×1560 int16',
  shapeZyx: [1560, 1600, 2100] as [number, number, number],
  budget: null,
}
const RUN_REF = 'bench-run'
/** As jobs choose it for an axis this long. */
const previewFactor = (shapeZyx: readonly number[]) => (Math.max(...shapeZyx) > 1024 ? 8 : 4)
/** NiiVue alone reads a file into one array. */
const MOST_FOR_NIIVUE_BYTES = 4e9
const MB = 1e6

interface Row {
  what: string
  value: number
  unit: string
}

interface CaseReport {
  name: string
  rows: Row[]
}

async function benchCase({ name, shapeZyx, budget }: (typeof CASES)[number], folder: string): Promise<CaseReport> {
  const file = path.join(folder, `bench-${shapeZyx.join('-')}.mrc`)
  const bytes = writeTestVolume(file, shapeZyx)
  readTimeMs(file)
  const rows: Row[] = [
    { what: 'file', value: bytes / MB, unit: 'MB' },
    { what: 'reading the file (warm disk)', value: readTimeMs(file), unit: 'ms' },
  ]
  const { app, page } = await launch(folder)
  const watch = watchMemory(app)
  try {
    const add = (what: string, value: number, unit = 'ms') => rows.push({ what, value, unit })
    await installProbe(page)
    const cold = await openFile(app, page, file)
    report('opening', cold, add)
    if (budget) await chooseLevel(page, budget)
    else report('opening again', await openFile(app, page, file), add)
    await page.waitForTimeout(1500)
    addLatency('scroll', await scrollLatency(page, 30), add)
    const settled = await settleMs(page)
    if (!Number.isNaN(settled)) add('scroll: full-resolution slice after the last step', settled)
    const contrast = await contrastLatency(page, 30)
    addLatency('contrast', contrast, add)
    add(
      'contrast: uploads of the volume',
      contrast.reduce((sum, { numUploads }) => sum + numUploads, 0),
      '',
    )
    const after = stalls(await spansOf(page))
    add('longest frame of the window, everything', after.frameMs)
    add('longest stall by our own code', after.ownMs)
    // What follows makes labels in the window itself, which is not the program's own work.
    const update = await showRun(app, page)
    addLatency('label update in the window alone, whole', await labelLatency(page, { ...update, planes: null }, 6), add)
    addLatency(
      'label update in the window alone, 9 planes',
      await labelLatency(page, { ...update, planes: 9 }, 10),
      add,
    )
    await throughService(app, page, file, shapeZyx, add)
    for (const [process, peak] of watch.peaks()) add(`memory, ${process}, peak`, peak / MB, 'MB')
    watch.stop()
    const what = 'NiiVue alone: not tried, the file is more than one array takes'
    if (bytes > MOST_FOR_NIIVUE_BYTES) rows.push({ what, value: Number.NaN, unit: '' })
    else if (!budget) await compare(app, file, shapeZyx, rows)
  } finally {
    watch.stop()
    await app.close()
    rmSync(file)
  }
  return { name, rows }
}

/** From a preview that the main process has until it is drawn, by the service that computes the level's labels. */
async function throughService(
  app: ElectronApplication,
  page: Page,
  file: string,
  shapeZyx: [number, number, number],
  add: (what: string, value: number) => void,
): Promise<void> {
  const { volumeRef } = await levelOnShow(page)
  await connectOwnService(app, file, volumeRef, path.dirname(file))
  const chosen = await page.getByLabel('Level on show').inputValue()
  // Asks the new service for its level; a choice that is made already asks for none.
  await chooseLevel(page, '2 M voxels')
  await page.getByLabel('Level on show').selectOption(chosen)
  await page.waitForTimeout(3000)
  await page.locator('[data-testid=viewer][data-ready=true]').waitFor()
  await page.waitForTimeout(1000)
  for (const planes of [null, 9]) {
    const update = { file, volumeRef, runRef: RUN_REF, shapeZyx, factor: previewFactor(shapeZyx), planes }
    // The first is compared with nothing.
    const found = (await serviceLatency(app, page, update, 7)).slice(1)
    const what = `label update through the service, ${planes === null ? 'whole' : `${planes} planes`}`
    add(`${what}: own code, median`, median(found.map(({ ownMs }) => ownMs)))
    add(`${what}: own code, worst`, Math.max(...found.map(({ ownMs }) => ownMs)))
    add(`${what}: until drawn, median`, median(found.map(({ drawnMs }) => drawnMs)))
  }
}

/** What NiiVue alone does with the same volume, and how this program's numbers stand to it. */
async function compare(
  app: ElectronApplication,
  file: string,
  shape: [number, number, number],
  rows: Row[],
): Promise<void> {
  const alone = await niivueAlone(app, file, shape)
  if (alone.problem) rows.push({ what: `NiiVue alone: ${alone.problem}`, value: Number.NaN, unit: '' })
  const pairs = [
    ['first image, drawn', alone.firstMs, 'opening: first image, drawn'],
    ['contrast, until drawn', alone.contrastMs, 'contrast: until drawn, median'],
  ] as const
  for (const [what, value, ours] of pairs) {
    if (value === null) continue
    const own = rows.find((row) => row.what === ours)?.value ?? Number.NaN
    rows.push(
      { what: `NiiVue alone: ${what}`, value, unit: 'ms' },
      { what: `NiiVue alone ÷ this program: ${what}`, value: value / own, unit: '' },
    )
  }
}

function report(what: string, opened: Opened, add: (what: string, value: number) => void): void {
  const [first, last] = [opened.levels[0], opened.levels.at(-1) ?? opened.levels[0]]
  add(`${what}: first image, handed to NiiVue`, first.readyMs)
  add(`${what}: first image, drawn`, opened.firstMs)
  add(`${what}: level that stays, handed to NiiVue`, last.readyMs)
}

function addLatency(what: string, found: Latency[], add: (...row: [string, number]) => void): void {
  // The first pays for what is made once.
  const rest = found.slice(1)
  add(`${what}: own code, median`, median(rest.map(({ ownMs }) => ownMs)))
  add(`${what}: own code, worst`, Math.max(...rest.map(({ ownMs }) => ownMs)))
  add(`${what}: until drawn, median`, median(rest.map(({ drawnMs }) => drawnMs)))
  add(`${what}: of it NiiVue and driver, median`, median(rest.map(({ graphicsMs }) => graphicsMs)))
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}

async function launch(folder: string): Promise<{ app: ElectronApplication; page: Page }> {
  const user = mkdtempSync(path.join(folder, 'user-'))
  const app = await electron.launch({
    args: ['.', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
    env: { ...process.env, CRYOMAMBA_E2E: '1', CRYOMAMBA_USER_DATA: user } as Record<string, string>,
  })
  const page = await app.firstWindow()
  page.setDefaultTimeout(300_000)
  await page.getByRole('button', { name: 'Open…' }).waitFor()
  // The driver compiles shaders at the start.
  await page.waitForTimeout(3000)
  return { app, page }
}

interface Opened {
  firstMs: number
  levels: { readyMs: number; niivueMs: number }[]
}

/** Opens a file through the dialog and waits until its levels are there. */
async function openFile(app: ElectronApplication, page: Page, file: string): Promise<Opened> {
  await app.evaluate(({ dialog }, chosen) => {
    dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [chosen] })
  }, file)
  const openedAt = await page.evaluate(() => {
    window.probe.openedAt = performance.now()
    const button = [...document.querySelectorAll('button')].find((one) => one.textContent?.includes('Open…'))
    button?.click()
    return window.probe.openedAt
  })
  const firstMs = await firstImageMs(page)
  await page.locator('[data-testid=viewer][data-ready=true]').waitFor()
  await page.waitForTimeout(1000)
  return { firstMs, levels: levelsSince(await spansOf(page), openedAt) }
}

async function chooseLevel(page: Page, label: string): Promise<void> {
  const before = (await spansOf(page)).length
  await page.getByLabel('Level on show').selectOption({ label })
  await page.waitForFunction(
    (from) => window.probe.spans.slice(from).some(({ name }) => name === 'graphics:level'),
    before,
  )
  await page.waitForTimeout(1000)
}

/** Tells the window of a run over the open volume, so that labels of it are shown. */
async function showRun(app: ElectronApplication, page: Page): Promise<Omit<LabelUpdate, 'planes'>> {
  const { volumeRef, bin, shapeZyx } = await levelOnShow(page)
  const label = { value: 1, name: 'membrane', color: '#ff8000', voxels: null }
  const run: RunView = {
    run_ref: RUN_REF,
    volume_ref: volumeRef,
    volume_name: 'bench',
    model_id: 'bench',
    model_name: 'bench',
    server_name: 'bench',
    phase: 'running',
    is_canceling: false,
    is_connection_lost: false,
    attempt: 1,
    upload: null,
    progress: null,
    num_previews: 0,
    coverage: 0,
    labels: [label],
    result: null,
    warnings: [],
    problem: null,
    created_at: new Date().toISOString(),
    server_url: null,
    source: 'file',
    params: {},
    log: [],
    batch_ref: null,
    saved_as: null,
    shape_zyx: null,
    voxel_size_zyx: null,
    unit: null,
  }
  const events: DesktopEvent[] = [
    { type: 'run_changed', run },
    { type: 'run_shown', run_ref: RUN_REF },
  ]
  await app.evaluate(({ BrowserWindow }, events) => {
    for (const event of events) BrowserWindow.getAllWindows()[0].webContents.send('cryomamba:event', event)
  }, events)
  return { volumeRef, runRef: RUN_REF, bin, shapeZyx }
}

/** Peak resident memory of every process, seen four times a second. */
function watchMemory(app: ElectronApplication): { peaks(): [string, number][]; stop(): void } {
  const peaks = new Map<string, number>()
  const timer = setInterval(async () => {
    const metrics = await app
      .evaluate(({ app: program }) =>
        program
          .getAppMetrics()
          .map(({ type, name, memory }) => ({ name: name ?? type, bytes: memory.workingSetSize * 1024 })),
      )
      .catch(() => [])
    for (const { name, bytes } of metrics) peaks.set(name, Math.max(peaks.get(name) ?? 0, bytes))
  }, 250)
  return { peaks: () => [...peaks], stop: () => clearInterval(timer) }
}

function print({ name, rows }: CaseReport): void {
  console.log(`\n${name}`)
  for (const { what, value, unit } of rows) console.log(`  ${what.padEnd(56)} ${show(value).padStart(9)} ${unit}`)
}

function show(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1)
}

nameElectronRuntime()
const folder = path.join(os.tmpdir(), `cryomamba-bench-${process.pid}`)
mkdirSync(folder, { recursive: true })
try {
  const isLong = process.argv.includes('--long')
  const cases = isLong ? [LONG_CASE] : process.argv.includes('--quick') ? CASES.slice(0, 1) : CASES
  const reports: CaseReport[] = []
  console.log(
    `viewer on ${os.cpus()[0]?.model}, ${os.availableParallelism()} cores, load ${os.loadavg()[0].toFixed(1)}`,
  )
  for (const one of cases) {
    const found = await benchCase(one, folder)
    reports.push(found)
    print(found)
  }
  if (process.argv.includes('--json')) console.log(JSON.stringify({ suite: 'viewer', reports }))
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Playwright starts what `electron` names; where that was not downloaded, it is told of the other one. */
function nameElectronRuntime(): void {
  const found = spawnSync(process.execPath, ['build/electron-runtime.mjs'], { encoding: 'utf8' })
  if (found.status !== 0) throw new Error(`no Electron: ${found.stderr}`)
  const dist = found.stdout.trim()
  if (dist !== path.resolve('node_modules/electron/dist')) process.env.ELECTRON_OVERRIDE_DIST_PATH = dist
}
