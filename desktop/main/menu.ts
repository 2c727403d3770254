import { app, Menu, type MenuItemConstructorOptions } from 'electron'
import type { MenuCommand } from '../../shared/contract/bridge.ts'

/** The menu bar. Commands are carried out by the window, so that menu and buttons are one path. */
export function installMenu(onCommand: (command: MenuCommand) => void): void {
  const item = (label: string, command: MenuCommand, accelerator?: string): MenuItemConstructorOptions => ({
    label,
    accelerator,
    click: () => onCommand(command),
  })
  const isMac = process.platform === 'darwin'
  const template: MenuItemConstructorOptions[] = [
    ...(isMac ? [{ role: 'appMenu' } as MenuItemConstructorOptions] : []),
    {
      label: '&File',
      submenu: [
        item('Open…', 'open', 'CmdOrCtrl+O'),
        item('Export mask…', 'export', 'CmdOrCtrl+E'),
        { type: 'separator' },
        isMac ? { role: 'close' } : { role: 'quit' },
      ],
    },
    { role: 'editMenu' },
    {
      label: '&View',
      submenu: [
        item('Auto contrast', 'auto_contrast', 'CmdOrCtrl+Shift+A'),
        item('Show or hide the mask', 'toggle_mask', 'CmdOrCtrl+M'),
        item('Reset view', 'reset_view', 'CmdOrCtrl+0'),
        { type: 'separator' },
        item('Light or dark', 'toggle_theme', 'CmdOrCtrl+Shift+L'),
        { role: 'togglefullscreen' },
        ...(app.isPackaged ? [] : [{ role: 'toggleDevTools' } as MenuItemConstructorOptions]),
      ],
    },
    { role: 'windowMenu' },
  ]
  Menu.setApplicationMenu(Menu.buildFromTemplate(template))
}
