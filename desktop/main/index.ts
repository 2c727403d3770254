import path from 'node:path'
import { app, type BrowserWindow } from 'electron'
import { registerAppScheme, serveApp } from './app-protocol.ts'
import { bridgeHandlers } from './bridge-handlers.ts'
import { hostBridge } from './bridge-host.ts'
import { fileArgument } from './file-arguments.ts'
import { buildProgram, type Program } from './program.ts'
import { keepDumps } from './watch-crashes.ts'
import { createMainWindow, refuseNavigation, refusePermissions } from './window.ts'
import { mayClose, mayLeaveMask } from './window-questions.ts'

/** Start and end of the desktop program, and its window. */
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
  const program = buildProgram(() => window)
  hostBridge(program.getWindow, bridgeHandlers(program, whenReady(program)))
  serveApp(path.join(import.meta.dirname, '../renderer'))
  program.showMenu()
  const open = () => {
    const { preferences, runs, masks } = program
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
  endWith(program)
}

/** What is done each time that a window can take events; runs of an earlier start are taken up the first time. */
function whenReady({ volumes, files, beside, masks, runs, pictures }: Program): () => void {
  let isTakenUp = false
  return () => {
    void pictures.discardAll()
    volumes.start()
    files.repeat()
    beside.repeat()
    masks.connectWindow()
    void masks.offerKept().catch((error) => console.error(error))
    openFile = (file) => void files.open(file)
    if (waitingFile) void files.open(waitingFile)
    waitingFile = null
    if (!isTakenUp) {
      runs.resumeWaiting()
      void runs.tidy()
    }
    isTakenUp = true
  }
}

function endWith({ crashes, runs, connections, volumes, beside, masks, engine, pictures }: Program): void {
  app.on('will-quit', (event) => {
    crashes.end()
    event.preventDefault() // until the server on this computer has closed its files
    runs.stop()
    connections.leave()
    volumes.stop()
    beside.close()
    masks.stop()
    void Promise.allSettled([engine.stop(), pictures.discardAll()]).finally(() => app.exit())
  })
}
