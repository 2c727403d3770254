import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { app, type BrowserWindow, clipboard, dialog, type MessageBoxSyncOptions, shell } from 'electron'
import { createClient } from '../../shared/client/client.ts'
import { createUploadStore } from '../../shared/client/upload-store-files.ts'
import { BRIDGE_CHANNELS, type DesktopEvent } from '../../shared/contract/bridge.ts'
import { registerAppScheme, serveApp } from './app-protocol.ts'
import { exportBatch, startBatch } from './batches.ts'
import { BesideFile } from './beside-file.ts'
import { hostBridge, sendEvent } from './bridge-host.ts'
import { Connections } from './connections.ts'
import { CrashReports } from './crash-reports.ts'
import { readDiagnostics, reportText } from './diagnostics.ts'
import { exportMask, exportProbability } from './export-mask.ts'
import { fileArgument } from './file-arguments.ts'
import { LocalEngine } from './local-engine.ts'
import { LogLines } from './log-lines.ts'
import { Masks } from './masks.ts'
import { installMenu } from './menu.ts'
import { OpenFiles } from './open-files.ts'
import { openOutside } from './outside-pages.ts'
import { Pictures } from './pictures.ts'
import { UserPreferences } from './preferences.ts'
import { RecentFiles } from './recent-files.ts'
import { tellEnded } from './run-notice.ts'
import { RunRequests } from './run-requests.ts'
import { RunStore } from './run-store.ts'
import { Runs } from './runs.ts'
import { Settings } from './settings.ts'
import { TokenVault } from './token-vault.ts'
import { ViewStates } from './view-states.ts'
import { VolumeHost } from './volume-host.ts'
import { keepDumps, watchCrashes } from './watch-crashes.ts'
import { createMainWindow, refuseNavigation, refusePermissions } from './window.ts'
import { withoutSecrets } from './without-secrets.ts'

/** Composition root of the desktop program. */
// 20 GB: the levels and every voxel of two tomograms of 10 GB, or of dozens of usual ones.
const LEVEL_CACHE_BYTES = 20e9
if (process.env.CRYOMAMBA_USER_DATA) app.setPath('userData', process.env.CRYOMAMBA_USER_DATA)
// As root the switch is needed, and asking for the sandbox all the same would keep every process from starting.
if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox()
// Without a usable graphics card the picture is drawn by the processor: slower, but there.
app.commandLine.appendSwitch('enable-unsafe-swiftshader')
keepDumps()
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
  const clean = (text: string) => withoutSecrets(text, vault.secrets)
  const log = new LogLines(clean)
  log.listen('main')
  const crashes = new CrashReports(path.join(userData, 'crashes'), {
    version: app.getVersion(),
    lines: () => log.lines,
    clean,
  })
  crashes.begin()
  watchCrashes(crashes, log)
  const preferences = new UserPreferences(userData, settings.formerTheme, () => {
    window?.webContents.setZoomFactor(preferences.value.zoom)
    tell({ type: 'preferences_changed', preferences: preferences.value, theme: preferences.theme })
  })
  const showMenu = () =>
    installMenu(recent.list, {
      command: (command) => tell({ type: 'menu', command }),
      zoom: (step) => preferences.zoomBy(step),
      openRecent: (recentRef) => void files.open(recent.find(recentRef)),
      clearRecent: () => recent.clear(),
      openOutside: (page) => void openOutside(page),
    })
  const recent = new RecentFiles(userData, () => {
    tell({ type: 'recent_changed', recent: recent.list })
    showMenu()
  })
  const views = new ViewStates(userData)
  const diagnose = () => readDiagnostics({ connection: () => connections.connection, lines: () => log.lines, clean })
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
  const connections = new Connections({
    createClient,
    vault,
    engine,
    onHeard: (problem) => {
      tell({ type: 'server_heard', problem })
      const { connection } = connections
      if (!problem && connection) runs.resumeWaiting(connection.kind === 'local' ? null : connection.url)
    },
  })
  const runs = new Runs({
    current: () => connections.current,
    clientFor: (target) => connections.clientFor(target),
    volumes,
    store: new RunStore(userData),
    uploads: createUploadStore(path.join(userData, 'uploads'), console.warn),
    resultsFolder: path.join(userData, 'results'),
    newRef,
    onChange: (run) => tell({ type: 'run_changed', run }),
    onRemoved: (run_ref) => tell({ type: 'run_removed', run_ref }),
    onShown: (run_ref) => tell({ type: 'run_shown', run_ref }),
    onEnded: (run) => preferences.value.notifications && tellEnded(window, run),
  })
  const sampleFile = path.join(root, 'resources/sample/sample.mrc')
  const files = new OpenFiles({
    volumes,
    getWindow,
    tell,
    newRef,
    onOpened: async (volume, file) => {
      if (file !== sampleFile) recent.opened(file)
      await masks.volumeChanged()
      await runs.volumeOpened(volume, file)
    },
    onClosed: () => {
      beside.close()
      runs.volumeClosed()
    },
    sampleFile,
  })
  // Levels of their own: each process clears what others have left in its folder.
  const besideLevels = { folder: path.join(userData, 'levels-beside'), mostBytes: levels.mostBytes / 2 }
  const besideVolumes = new VolumeHost(
    getWindow,
    (error) => {
      beside.close()
      tell({ type: 'problem', problem: error.toEnvelope() })
    },
    besideLevels,
    BRIDGE_CHANNELS.besidePort,
  )
  const beside = new BesideFile({ volumes: besideVolumes, getWindow, tell, newRef })

  const masks = new Masks({
    getWindow,
    tell,
    newRef,
    folder: path.join(userData, 'corrections'),
    programVersion: app.getVersion(),
    files,
    runs,
  })

  const pictures = new Pictures({
    getWindow,
    files,
    newRef,
    resultsFolder: () => preferences.value.results_folder,
    programVersion: app.getVersion(),
  })

  const requests = new RunRequests({ runs, files, connections, newRef })
  let isTakenUp = false

  hostBridge(getWindow, {
    'app.state': () => ({
      version: app.getVersion(),
      platform: process.platform,
      theme: preferences.theme,
      preferences: preferences.value,
      recent: recent.list,
      crash: crashes.newest,
      view: settings.view,
      servers: vault.servers(),
      can_keep_tokens: vault.canKeep,
      has_sample: files.hasSample,
      local_engine_problem: null,
      connection: connections.connection,
      run: runs.shown,
      runs: runs.all,
    }),
    'app.ready': () => {
      void pictures.discardAll()
      volumes.start()
      files.repeat()
      beside.repeat()
      masks.connectWindow()
      void masks.offerKept().catch((error) => console.error(error))
      openFile = (file) => void files.open(file)
      if (waitingFile) void files.open(waitingFile)
      waitingFile = null
      if (!isTakenUp) runs.resumeWaiting()
      isTakenUp = true
      return null
    },
    'settings.theme': (theme) => {
      preferences.change({ theme })
      return null
    },
    'preferences.change': (change) => {
      preferences.change(change)
      return null
    },
    'preferences.results_folder': async () => {
      const folder = window ? await chooseFolder(window) : null
      if (folder) preferences.change({ results_folder: folder })
      return null
    },
    'recent.open': async (recentRef) => nothing(files.open(recent.find(recentRef))),
    'recent.clear': () => {
      recent.clear()
      return null
    },
    'view_state.find': (volumeRef) => views.find(files.find(volumeRef).file),
    'view_state.keep': async ({ volume_ref, state }) => nothing(views.keep(files.find(volume_ref).file, state)),
    'diagnostics.read': diagnose,
    'diagnostics.copy': () => {
      clipboard.writeText(reportText(diagnose()))
      return null
    },
    'crash.folder': async () => {
      await shell.openPath(crashes.folder)
      return null
    },
    'crash.seen': () => {
      crashes.seen()
      return null
    },
    'outside.open': async (page) => nothing(openOutside(page)),
    'settings.view': (view) => {
      settings.view = view
      return null
    },
    'volume.choose': async () => nothing(files.choose()),
    'volume.sample': async () => nothing(files.openSample()),
    'volume.drop': async (file) => nothing(files.open(file)),
    'volume.mode0': async (mode0) => nothing(files.openAgain(mode0)),
    'volume.close': async () => nothing(files.close()),
    'beside.choose': async () => nothing(beside.choose()),
    'beside.close': () => {
      beside.close()
      return null
    },
    'connection.test': (target) => connections.test(target),
    'connection.use': async (target) => {
      const connection = await connections.use(target)
      runs.resumeWaiting(connection.kind === 'local' ? null : connection.url)
      return connection
    },
    'connection.leave': () => {
      connections.leave()
      return null
    },
    'connection.forget': ({ url }) => {
      connections.forget(url)
      return null
    },
    'run.start': (order) => {
      requests.start(order)
      return null
    },
    'run.estimate': (order) => requests.estimate(order),
    'run.cancel': async ({ run_ref }) => nothing(runs.cancel(run_ref)),
    'run.pause': ({ run_ref }) => {
      runs.pause(run_ref)
      return null
    },
    'run.resume': ({ run_ref }) => {
      runs.resume(run_ref)
      return null
    },
    'run.show': async ({ run_ref }) => nothing(requests.show(run_ref)),
    'run.dismiss': async ({ run_ref }) => nothing(runs.dismiss(run_ref)),
    'mask.export': ({ run_ref, format }) => exportMask(window, runs, run_ref, format, preferences.value.results_folder),
    'run.probability': ({ run_ref }) => exportProbability(window, runs, run_ref, preferences.value.results_folder),
    'batch.start': (order) => startBatch(window, runs, order, newRef),
    'batch.export': ({ batch_ref }) => exportBatch(window, runs, batch_ref),
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
    'picture.begin': (input) => pictures.begin(input),
    'picture.write': async (input) => nothing(pictures.write(input)),
    'picture.finish': (input) => pictures.finish(input),
    'picture.discard': async (input) => nothing(pictures.discard(input)),
  })

  serveApp(path.join(import.meta.dirname, '../renderer'))
  showMenu()
  const open = () => {
    window = createMainWindow(preferences.theme, preferences.value.zoom)
    window.on('close', (event) => {
      if (window && runs.isBusy && !mayClose(window)) event.preventDefault()
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
    if (window?.isMinimized()) window.restore()
    window?.focus()
  })
  app.on('window-all-closed', () => process.platform !== 'darwin' && app.quit())
  app.on('will-quit', (event) => {
    crashes.end()
    event.preventDefault() // until the server on this computer has closed its files
    runs.stop()
    connections.leave()
    volumes.stop()
    besideVolumes.stop()
    masks.stop()
    void Promise.allSettled([engine.stop(), pictures.discardAll()]).finally(() => app.exit())
  })
}

async function nothing(done: Promise<void>): Promise<null> {
  await done
  return null
}

/** Asked once, when the window is closed over a run. */
function mayClose(window: BrowserWindow): boolean {
  return isAgreed(window, {
    message: 'A segmentation is under way.',
    detail:
      'On a server it goes on without this window. An upload, and a segmentation on this computer, stop and go on at the next start.',
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

async function chooseFolder(window: BrowserWindow): Promise<string | null> {
  const chosen = await dialog.showOpenDialog(window, {
    title: 'Folder of results',
    properties: ['openDirectory', 'createDirectory'],
  })
  return chosen.canceled ? null : chosen.filePaths[0]
}
