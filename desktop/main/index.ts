import path from 'node:path'
import { app, type BrowserWindow } from 'electron'
import { registerAppScheme, serveApp } from './app-protocol.ts'
import { bridgeHandlers } from './bridge-handlers.ts'
import { hostBridge } from './bridge-host.ts'
import { fileArgument } from './file-arguments.ts'
import { MainWindow } from './main-window.ts'
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

const commandLine = { appPath: app.getAppPath(), isPackaged: app.isPackaged }
let waitingFile = fileArgument({ argv: process.argv, folder: process.cwd(), ...commandLine })
let openFile = (file: string): void => {
  waitingFile = file
}
app.on('open-file', (event, file) => {
  event.preventDefault()
  openFile(file)
})

function start(): void {
  refusePermissions()
  const main: MainWindow = new MainWindow(() => openWindow(program))
  const program = buildProgram(main)
  hostBridge(program.getWindow, bridgeHandlers(program, whenReady(program, main)))
  serveApp(path.join(import.meta.dirname, '../renderer'))
  program.showMenu()
  openFile = (file) => main.whenReady(() => void program.files.open(file))
  main.show()
  if (waitingFile) openFile(waitingFile)
  app.on('activate', () => main.current ?? main.show())
  app.on('second-instance', (_event, argv, folder) => {
    const file = fileArgument({ argv, folder, ...commandLine })
    if (file) openFile(file)
    main.show()
  })
  app.on('window-all-closed', () => process.platform !== 'darwin' && app.quit())
  endWith(program)
}

function openWindow({ preferences, runs, masks }: Program): BrowserWindow {
  const window = createMainWindow(preferences.theme, preferences.value.zoom)
  window.on('close', (event) => {
    if (runs.isBusy && !mayClose(window)) event.preventDefault()
    else if (masks.isUnsaved && !mayLeaveMask(window)) event.preventDefault()
  })
  return window
}

/** What is done each time that a window can take events; runs of an earlier start are taken up the first time. */
function whenReady({ volumes, files, beside, masks, runs, pictures }: Program, main: MainWindow): () => void {
  let isTakenUp = false
  return () => {
    void pictures.discardAll()
    volumes.start()
    files.repeat()
    beside.repeat()
    masks.connectWindow()
    void masks.offerKept().catch((error) => console.error(error))
    main.ready()
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
