import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import path from 'node:path'
import { app, type BrowserWindow, clipboard, dialog, shell } from 'electron'
import { createClient } from '../../shared/client/client.ts'
import type { DesktopEvent } from '../../shared/contract/bridge.ts'
import { registerAppScheme, serveApp } from './app-protocol.ts'
import { hostBridge, sendEvent } from './bridge-host.ts'
import { Connections } from './connections.ts'
import { CrashReports } from './crash-reports.ts'
import { readDiagnostics, reportText } from './diagnostics.ts'
import { exportMask } from './export-mask.ts'
import { fileArgument } from './file-arguments.ts'
import { LocalEngine } from './local-engine.ts'
import { LogLines } from './log-lines.ts'
import { installMenu } from './menu.ts'
import { OpenFiles } from './open-files.ts'
import { openOutside } from './outside-pages.ts'
import { UserPreferences } from './preferences.ts'
import { RecentFiles } from './recent-files.ts'
import { Runs } from './runs.ts'
import { Settings } from './settings.ts'
import { TokenVault } from './token-vault.ts'
import { ViewStates } from './view-states.ts'
import { VolumeHost } from './volume-host.ts'
import { keepDumps, watchCrashes } from './watch-crashes.ts'
import { createMainWindow, refuseNavigation, refusePermissions } from './window.ts'
import { withoutSecrets } from './without-secrets.ts'

/** Composition root of the desktop program. */
const isTest = process.env.CRYOMAMBA_E2E === '1'
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
  const volumes = new VolumeHost(getWindow, (error) => tell({ type: 'problem', problem: error.toEnvelope() }))
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
  const sampleFile = path.join(root, 'resources/sample/sample.mrc')
  const files = new OpenFiles({
    volumes,
    getWindow,
    tell,
    newRef,
    onOpened: (volume, file) => {
      if (file !== sampleFile) recent.opened(file)
      return runs.volumeOpened(volume, file)
    },
    sampleFile,
  })

  hostBridge(getWindow, {
    'app.state': () => ({
      version: app.getVersion(),
      platform: process.platform,
      theme: preferences.theme,
      preferences: preferences.value,
      recent: recent.list,
      crash: crashes.newest,
      servers: vault.servers(),
      can_keep_tokens: vault.canKeep,
      has_sample: files.hasSample,
      local_engine_problem: null,
      connection: connections.connection,
      run: runs.newest,
    }),
    'app.ready': () => {
      volumes.connectWindow()
      files.repeat()
      openFile = (file) => void files.open(file)
      if (waitingFile) void files.open(waitingFile)
      waitingFile = null
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
    'mask.export': ({ run_ref, format }) => exportMask(window, runs, run_ref, format, preferences.value.results_folder),
  })

  serveApp(path.join(import.meta.dirname, '../renderer'))
  showMenu()
  const open = () => {
    window = createMainWindow(preferences.theme, preferences.value.zoom)
    window.on('close', (event) => {
      if (window && runs.isBusy && !isTest && !mayClose(window)) event.preventDefault()
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
    volumes.stop()
    void engine.stop().finally(() => app.exit())
  })
}

async function nothing(done: Promise<void>): Promise<null> {
  await done
  return null
}

/** Asked once, when the window is closed over a run. */
function mayClose(window: BrowserWindow): boolean {
  const answer = dialog.showMessageBoxSync(window, {
    type: 'question',
    message: 'A segmentation is running.',
    detail: 'On a server it goes on without this window; on this computer it ends. Its mask is not kept here.',
    buttons: ['Close', 'Keep open'],
    defaultId: 1,
    cancelId: 1,
  })
  return answer === 0
}

async function chooseFolder(window: BrowserWindow): Promise<string | null> {
  const chosen = await dialog.showOpenDialog(window, {
    title: 'Folder of results',
    properties: ['openDirectory', 'createDirectory'],
  })
  return chosen.canceled ? null : chosen.filePaths[0]
}
