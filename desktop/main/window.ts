import path from 'node:path'
import { app, BrowserWindow, session } from 'electron'
import type { Theme } from '../../shared/contract/bridge.ts'
import { APP_ORIGIN } from './app-protocol.ts'

const BACKGROUND: Readonly<Record<Theme, string>> = { dark: '#15171a', light: '#f5f6f7' }

/** The one window: sandboxed, isolated, on our own origin; it goes nowhere else and opens nothing. */
export function createMainWindow(theme: Theme, zoom: number): BrowserWindow {
  const window = new BrowserWindow({
    width: 1280,
    height: 800,
    minWidth: 960,
    minHeight: 640,
    show: false,
    title: 'CryoMamba',
    backgroundColor: BACKGROUND[theme],
    webPreferences: {
      preload: path.join(import.meta.dirname, '../preload/index.cjs'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
      allowRunningInsecureContent: false,
      spellcheck: false,
      zoomFactor: zoom,
    },
  })
  window.once('ready-to-show', () => window.show())
  void window.loadURL(`${APP_ORIGIN}/index.html`)
  return window
}

/** Refuses permissions, for every page there will ever be. Once the app is ready. */
export function refusePermissions(): void {
  session.defaultSession.setPermissionRequestHandler((_contents, _permission, decide) => decide(false))
  session.defaultSession.setPermissionCheckHandler(() => false)
  session.defaultSession.setDevicePermissionHandler(() => false)
}

/** Refuses navigation, new windows and embedded views, for every page there will ever be. */
export function refuseNavigation(): void {
  app.on('web-contents-created', (_event, contents) => {
    contents.setWindowOpenHandler(() => ({ action: 'deny' }))
    contents.on('will-navigate', (event) => event.preventDefault())
    contents.on('will-redirect', (event) => event.preventDefault())
    contents.on('will-attach-webview', (event) => event.preventDefault())
  })
}
