import { app, Menu, type MenuItemConstructorOptions } from 'electron'
import { COMMANDS, type CommandRow, type MenuCommand, WINDOW_SHORTCUTS } from '../../shared/contract/commands.ts'
import type { OutsidePage, RecentFile } from '../../shared/contract/preferences.ts'

/** What the menu does that the window does not carry out. */
export interface MenuActions {
  command(command: MenuCommand): void
  zoom(step: -1 | 0 | 1): void
  openRecent(recentRef: string): void
  clearRecent(): void
  openOutside(page: OutsidePage): void
}

type Item = MenuItemConstructorOptions
const SEPARATOR: Item = { type: 'separator' }
const isMac = process.platform === 'darwin'

/** The menu bar. Commands are carried out by the window, so that menu and buttons are one path. */
export function installMenu(recent: readonly RecentFile[], actions: MenuActions): void {
  const of = (command: MenuCommand): Item => entry(command, COMMANDS[command], () => actions.command(command))
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      ...(isMac ? [appMenu(of)] : []),
      { label: '&File', submenu: fileMenu(recent, actions, of) },
      { role: 'editMenu' },
      { label: '&View', submenu: viewMenu(actions, of) },
      { label: '&Go', submenu: commandsOf('Go').map(of) },
      { role: 'windowMenu' },
      { role: 'help', submenu: helpMenu(actions, of) },
    ]),
  )
}

function appMenu(of: (command: MenuCommand) => Item): Item {
  return {
    role: 'appMenu',
    submenu: [
      { role: 'about' },
      SEPARATOR,
      of('settings'),
      SEPARATOR,
      { role: 'services' },
      SEPARATOR,
      { role: 'hide' },
      { role: 'hideOthers' },
      { role: 'unhide' },
      SEPARATOR,
      { role: 'quit' },
    ],
  }
}

function fileMenu(recent: readonly RecentFile[], actions: MenuActions, of: (command: MenuCommand) => Item): Item[] {
  return [
    of('open'),
    { id: 'recent', label: 'Open recent', enabled: recent.length > 0, submenu: recentMenu(recent, actions) },
    SEPARATOR,
    of('open_beside'),
    of('close_volume'),
    of('export'),
    of('screenshot'),
    of('movie'),
    SEPARATOR,
    ...(isMac ? [{ role: 'close' } as Item] : [of('settings'), SEPARATOR, { role: 'quit' } as Item]),
  ]
}

function recentMenu(recent: readonly RecentFile[], actions: MenuActions): Item[] {
  const files = recent.map(({ recent_ref, name, folder_name }) => ({
    label: `${name} — ${folder_name}`,
    click: () => actions.openRecent(recent_ref),
  }))
  return [...files, SEPARATOR, { label: 'Clear the list', click: () => actions.clearRecent() }]
}

function viewMenu(actions: MenuActions, of: (command: MenuCommand) => Item): Item[] {
  const zoom = (id: keyof typeof WINDOW_SHORTCUTS, step: -1 | 0 | 1): Item =>
    entry(id, WINDOW_SHORTCUTS[id], () => actions.zoom(step))
  return [
    ...commandsOf('View').map(of),
    SEPARATOR,
    zoom('zoom_in', 1),
    // The same key without Shift, where plus is on the equals sign.
    { label: 'Larger', accelerator: 'CmdOrCtrl+=', visible: false, click: () => actions.zoom(1) },
    zoom('zoom_out', -1),
    zoom('zoom_reset', 0),
    SEPARATOR,
    { role: 'togglefullscreen' },
    ...(app.isPackaged ? [] : [{ role: 'toggleDevTools' } as Item]),
  ]
}

function helpMenu(actions: MenuActions, of: (command: MenuCommand) => Item): Item[] {
  return [
    ...commandsOf('Help').map(of),
    SEPARATOR,
    { label: 'Project page', click: () => actions.openOutside('project') },
    { label: 'Report a problem', click: () => actions.openOutside('report_problem') },
    ...(isMac ? [] : [SEPARATOR, { role: 'about' } as Item]),
  ]
}

function commandsOf(menu: CommandRow['menu']): MenuCommand[] {
  return (Object.keys(COMMANDS) as MenuCommand[]).filter((command) => COMMANDS[command].menu === menu)
}

function entry(id: string, { label, keys }: CommandRow, click: () => void): Item {
  return { id, label, accelerator: keys ?? undefined, click }
}
