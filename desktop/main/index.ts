import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import path from 'node:path'
import { app, type BrowserWindow, dialog, type MessageBoxSyncOptions } from 'electron'
import { createClient } from '../../shared/client/client.ts'
import type { DesktopEvent } from '../../shared/contract/bridge.ts'
import { registerAppScheme, serveApp } from './app-protocol.ts'
import { hostBridge, sendEvent } from './bridge-host.ts'
import { Connections } from './connections.ts'
import { exportMask, exportProbability } from './export-mask.ts'
import { fileArgument } from './file-arguments.ts'
import { LocalEngine } from './local-engine.ts'
import { Masks } from './masks.ts'
import { installMenu } from './menu.ts'
import { OpenFiles } from './open-files.ts'
import { Runs } from './runs.ts'
import { Settings } from './settings.ts'
import { TokenVault } from './token-vault.ts'
import { VolumeHost } from './volume-host.ts'
import { createMainWindow, refuseNavigation, refusePermissions } from './window.ts'

/** Composition root of the desktop program. */
// 20 GB: the levels and every voxel of two tomograms of 10 GB, or of dozens of usual ones.
const LEVEL_CACHE_BYTES = 20e9
const isTest = process.env.CRYOMAMBA_E2E === '1'
if (process.env.CRYOMAMBA_USER_DATA) app.setPath('userData', process.env.CRYOMAMBA_USER_DATA)
// As root the switch is needed, and asking for the sandbox all the same would keep every process from starting.
if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox()
// Without a usable graphics card the picture is drawn by the processor: slower, but there.
app.commandLine.appendSwitch('enable-unsafe-swiftshader')
registerAppScheme()
refuseNavigation()
if (app.requestSingleInstanceLock()) void app.whenReady().then(start)
else app.quit()

let waitingFile: string | null = fileArgument(process.argv, app.getAppPath(), app.isPackaged)
let openFile = (file: string): void => {
  waitingFile = file
}
app.on('open-file', (event, file) => {
  event.preventDefault()
  openFile(file)
})

function start(): void {
  refusePermissions()
  let window: BrowserWindow | null = null
  const getWindow = () => window
  const tell = (event: DesktopEvent) => sendEvent(window, event)
  const newRef = () => randomUUID()
  const userData = app.getPath('userData')
  // The server, its libraries, models and the sample lie beside the archive of the packaged program.
  const root = app.getAppPath().replace(/app\.asar$/, 'app.asar.unpacked')

  const settings = new Settings(userData)
  const vault = new TokenVault(settings)
  const levels = {
    folder: path.join(userData, 'levels'),
    mostBytes: Number(process.env.CRYOMAMBA_LEVEL_CACHE_BYTES) || LEVEL_CACHE_BYTES,
  }
  const volumes = new VolumeHost(getWindow, (error) => tell({ type: 'problem', problem: error.toEnvelope() }), levels)
  const engine = new LocalEngine(
    { entry: path.join(root, 'dist/server/embedded.js'), data: path.join(userData, 'engine') },
    (error) => {
      connections.leave()
      tell({ type: 'connection_lost', problem: error.toEnvelope() })
    },
  )
  const connections = new Connections({ createClient, vault, engine })
  const resultsFolder = path.join(userData, 'results')
  rmSync(resultsFolder, { recursive: true, force: true }) // masks of a run live as long as the program
  const runs = new Runs({
    connections,
    volumes,
    resultsFolder,
    newRef,
    onChange: (run) => tell({ type: 'run_changed', run }),
  })
  const files = new OpenFiles({
    volumes,
    getWindow,
    tell,
    newRef,
    onOpened: async (volume, file) => {
      await masks.volumeChanged()
      await runs.volumeOpened(volume, file)
    },
    sampleFile: path.join(root, 'resources/sample/sample.mrc'),
  })

  const masks = new Masks({
    getWindow,
    tell,
    newRef,
    folder: path.join(userData, 'corrections'),
    programVersion: app.getVersion(),
    files,
    runs,
  })

  hostBridge(getWindow, {
    'app.state': () => ({
      version: app.getVersion(),
      platform: process.platform,
      theme: settings.theme,
      view: settings.view,
      servers: vault.servers(),
      can_keep_tokens: vault.canKeep,
      has_sample: files.hasSample,
      local_engine_problem: null,
      connection: connections.connection,
      run: runs.newest,
    }),
    'app.ready': () => {
      volumes.start()
      volumes.connectWindow()
      files.repeat()
      masks.connectWindow()
      void masks.offerKept().catch((error) => console.error(error))
      openFile = (file) => void files.open(file)
      if (waitingFile) void files.open(waitingFile)
      waitingFile = null
      return null
    },
    'settings.theme': (theme) => {
      settings.theme = theme
      return null
    },
    'settings.view': (view) => {
      settings.view = view
      return null
    },
    'volume.choose': async () => nothing(files.choose()),
    'volume.sample': async () => nothing(files.openSample()),
    'volume.drop': async (file) => nothing(files.open(file)),
    'volume.mode0': async (mode0) => nothing(files.openAgain(mode0)),
    'volume.close': async () => nothing(files.close()),
    'connection.test': (target) => connections.test(target),
    'connection.use': (target) => connections.use(target),
    'connection.leave': () => {
      connections.leave()
      return null
    },
    'run.start': ({ volume_ref, model_id }) => {
      const { volume, file } = files.find(volume_ref)
      runs.start(volume, file, model_id)
      return null
    },
    'run.cancel': async ({ run_ref }) => nothing(runs.cancel(run_ref)),
    'run.dismiss': async ({ run_ref }) => nothing(runs.dismiss(run_ref)),
    'mask.export': ({ run_ref, format }) => exportMask(window, runs, run_ref, format),
    'run.probability': ({ run_ref }) => exportProbability(window, runs, run_ref),
    'mask.edit': (input) => masks.edit(input),
    'mask.apply': (input) => masks.apply(input),
    'mask.undo': async (input) => nothing(masks.undo(input)),
    'mask.redo': async (input) => nothing(masks.redo(input)),
    'mask.cancel': async (input) => nothing(masks.cancel(input)),
    'mask.label': async (input) => nothing(masks.changeLabel(input)),
    'mask.probability': async (input) => nothing(masks.fetchProbability(input)),
    'mask.save': (input) => masks.save(input),
    'mask.take': (input) => masks.take(input),
    'mask.close': async (input) => nothing(masks.close(input)),
    'mask.recover': async (input) => nothing(masks.recover(input)),
  })

  serveApp(path.join(import.meta.dirname, '../renderer'))
  installMenu((command) => tell({ type: 'menu', command }))
  const open = () => {
    window = createMainWindow(settings.theme)
    window.on('close', (event) => {
      if (window && runs.isBusy && !isTest && !mayClose(window)) event.preventDefault()
      else if (window && masks.isUnsaved && !mayLeaveMask(window)) event.preventDefault()
    })
    window.on('closed', () => {
      window = null
    })
  }
  open()
  app.on('activate', () => window ?? open())
  app.on('second-instance', (_event, argv) => {
    const file = fileArgument(argv, app.getAppPath(), app.isPackaged)
    if (file) openFile(file)
    window?.focus()
  })
  app.on('window-all-closed', () => process.platform !== 'darwin' && app.quit())
  app.on('will-quit', (event) => {
    event.preventDefault() // until the server on this computer has closed its files
    runs.stop()
    volumes.stop()
    masks.stop()
    void engine.stop().finally(() => app.exit())
  })
}

async function nothing(done: Promise<void>): Promise<null> {
  await done
  return null
}

/** Asked once, when the window is closed over a run. */
function mayClose(window: BrowserWindow): boolean {
  return isAgreed(window, {
    message: 'A segmentation is running.',
    detail: 'On a server it goes on without this window; on this computer it ends. Its mask is not kept here.',
    buttons: ['Close', 'Keep open'],
    defaultId: 1,
  })
}

/** Asked once, when the window is closed over a mask that was changed since its last export. */
function mayLeaveMask(window: BrowserWindow): boolean {
  return isAgreed(window, {
    message: 'The mask has changes that were not exported.',
    detail: 'They are kept on this computer, and you are asked about them at the next start.',
    buttons: ['Close and keep them', 'Stay'],
    defaultId: 0,
  })
}

/** True for the first button; closing the question is the second. */
function isAgreed(window: BrowserWindow, question: MessageBoxSyncOptions): boolean {
  return dialog.showMessageBoxSync(window, { type: 'question', cancelId: 1, ...question }) === 0
}
