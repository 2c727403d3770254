import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { app } from 'electron'
import { createClient } from '../../shared/client/client.ts'
import { createUploadStore } from '../../shared/client/upload-store-files.ts'
import { BRIDGE_CHANNELS, type DesktopEvent } from '../../shared/contract/bridge.ts'
import type { DomainError } from '../../shared/errors/domain-error.ts'
import { BesideFile, type BesideFileDeps } from './beside-file.ts'
import { sendEvent } from './bridge-host.ts'
import { ConfirmedCertificates } from './confirmed-certificates.ts'
import { Connections } from './connections.ts'
import { CrashReports } from './crash-reports.ts'
import { readDiagnostics } from './diagnostics.ts'
import { openKeptFacts } from './file-facts.ts'
import { LocalEngine } from './local-engine.ts'
import { LogLines } from './log-lines.ts'
import type { MainWindow } from './main-window.ts'
import { Masks } from './masks.ts'
import { installMenu } from './menu.ts'
import { OpenFiles } from './open-files.ts'
import { OtherJobs } from './other-jobs.ts'
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
import { type VolumeCaches, VolumeHost } from './volume-host.ts'
import { watchCrashes } from './watch-crashes.ts'
import { withoutSecrets } from './without-secrets.ts'

// 20 GB: the levels and every voxel of two tomograms of 10 GB, or of dozens of usual ones.
const LEVEL_CACHE_BYTES = 20e9
// 20 GB: unpacked copies of the compressed volumes that were open last.
const UNPACKED_BYTES = 20e9

export type Program = ReturnType<typeof buildProgram>

/** Composition root: every part of the program, tied together; nothing has begun. */
export function buildProgram(main: MainWindow) {
  const getWindow = () => main.current
  const tell = (event: DesktopEvent) => sendEvent(getWindow(), event)
  const newRef = () => randomUUID()
  const userData = app.getPath('userData')
  // The server, its libraries, models and the sample lie beside the archive of the packaged program.
  const root = app.getAppPath().replace(/app\.asar$/, 'app.asar.unpacked')

  const settings = new Settings(userData)
  const vault = new TokenVault(settings)
  const certificates = new ConfirmedCertificates(settings)
  const clean = (text: string) => withoutSecrets(text, vault.secrets)
  const { log, crashes } = watched(userData, clean)
  const preferences = new UserPreferences(userData, settings.formerTheme, () => {
    getWindow()?.webContents.setZoomFactor(preferences.value.zoom)
    tell({ type: 'preferences_changed', preferences: preferences.value, theme: preferences.theme })
  })
  const showMenu = () =>
    installMenu(recent.list, {
      command: (command) => main.whenReady(() => tell({ type: 'menu', command })),
      zoom: (step) => preferences.zoomBy(step),
      openRecent: (recentRef) => main.whenReady(() => void files.open(recent.find(recentRef))),
      clearRecent: () => recent.clear(),
      openOutside: (page) => void openOutside(page),
    })
  const recent = new RecentFiles(userData, () => {
    tell({ type: 'recent_changed', recent: recent.list })
    showMenu()
  })
  const facts = openKeptFacts(userData)
  const diagnose = () => readDiagnostics({ connection: () => connections.connection, lines: () => log.lines, clean })
  const caches = {
    levels: {
      folder: path.join(userData, 'levels'),
      mostBytes: Number(process.env.CRYOMAMBA_LEVEL_CACHE_BYTES) || LEVEL_CACHE_BYTES,
    },
    copies: {
      folder: path.join(userData, 'unpacked'),
      mostBytes: Number(process.env.CRYOMAMBA_UNPACKED_BYTES) || UNPACKED_BYTES,
    },
  }
  const volumes = new VolumeHost(getWindow, (error) => void files.readerStopped(error), caches)
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
    certificates,
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
    onProblem: (error) => tell({ type: 'problem', problem: error.toEnvelope() }),
    neededRuns: () => masks.neededRuns(),
    onEnded: (run) => preferences.value.notifications && tellEnded(main, run),
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
    signs: facts.signs,
  })
  const beside = buildBeside({ getWindow, tell, newRef }, caches)
  const masks = new Masks({
    getWindow,
    tell,
    newRef,
    folder: path.join(userData, 'corrections'),
    copies: caches.copies,
    programVersion: app.getVersion(),
    files,
    runs,
    facts,
  })
  const pictures = new Pictures({
    getWindow,
    files,
    newRef,
    resultsFolder: () => preferences.value.results_folder,
    programVersion: app.getVersion(),
  })
  const otherJobs = new OtherJobs({ current: () => connections.current, runs, openFile: () => files.current })
  const requests = new RunRequests({ runs, files, connections, otherJobs, newRef })
  const parts = {
    settings,
    vault,
    certificates,
    crashes,
    preferences,
    recent,
    facts,
    volumes,
    engine,
    connections,
    runs,
    files,
    beside,
    masks,
  }
  return { ...parts, pictures, otherJobs, requests, diagnose, showMenu, newRef, getWindow }
}

/** Its levels are cached apart: each process clears what others have left in its folder. */
function buildBeside(deps: Omit<BesideFileDeps, 'volumes'>, caches: VolumeCaches): BesideFile {
  const stopped = (error: DomainError) => {
    beside.close()
    deps.tell({ type: 'problem', problem: error.toEnvelope() })
  }
  const { folder, mostBytes } = caches.levels
  const levels = { folder: `${folder}-beside`, mostBytes: mostBytes / 2 }
  const volumes = new VolumeHost(deps.getWindow, stopped, { ...caches, levels }, BRIDGE_CHANNELS.besidePort)
  const beside = new BesideFile({ ...deps, volumes })
  return beside
}

/** The log and the reports of crashes listen from here on. */
function watched(userData: string, clean: (text: string) => string): { log: LogLines; crashes: CrashReports } {
  const log = new LogLines(clean)
  log.listen('main')
  const version = app.getVersion()
  const crashes = new CrashReports(path.join(userData, 'crashes'), { version, lines: () => log.lines, clean })
  crashes.begin()
  watchCrashes(crashes, log)
  return { log, crashes }
}
