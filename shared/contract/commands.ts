import { Type } from 'typebox'

/** One thing the user can do from the menu. `keys` as Electron writes accelerators. */
export interface CommandRow {
  menu: 'File' | 'View' | 'Go' | 'Help'
  label: string
  keys: string | null
}

/**
 * What the window carries out when the menu says so. The one table of menu, list of shortcuts in the window and
 * docs/shortcuts.md, in the order of the menus.
 */
export const COMMANDS = {
  open: { menu: 'File', label: 'Open…', keys: 'CmdOrCtrl+O' },
  open_beside: { menu: 'File', label: 'Open beside…', keys: 'CmdOrCtrl+Shift+O' },
  close_volume: { menu: 'File', label: 'Close volume', keys: 'CmdOrCtrl+Shift+W' },
  export: { menu: 'File', label: 'Export mask…', keys: 'CmdOrCtrl+E' },
  screenshot: { menu: 'File', label: 'Save picture…', keys: 'CmdOrCtrl+Shift+S' },
  movie: { menu: 'File', label: 'Save movie…', keys: 'CmdOrCtrl+Shift+E' },
  settings: { menu: 'File', label: 'Settings…', keys: 'CmdOrCtrl+,' },
  auto_contrast: { menu: 'View', label: 'Auto contrast', keys: 'CmdOrCtrl+Shift+A' },
  toggle_mask: { menu: 'View', label: 'Show or hide the mask', keys: 'CmdOrCtrl+Shift+M' },
  reset_view: { menu: 'View', label: 'Reset zoom and position', keys: 'CmdOrCtrl+R' },
  same_zoom: { menu: 'View', label: 'Same zoom in all panes', keys: 'CmdOrCtrl+Shift+R' },
  layout_all: { menu: 'View', label: 'All panes', keys: 'CmdOrCtrl+1' },
  layout_xy: { menu: 'View', label: 'XY slice', keys: 'CmdOrCtrl+2' },
  layout_xz: { menu: 'View', label: 'XZ slice', keys: 'CmdOrCtrl+3' },
  layout_yz: { menu: 'View', label: 'YZ slice', keys: 'CmdOrCtrl+4' },
  layout_3d: { menu: 'View', label: '3D view', keys: 'CmdOrCtrl+5' },
  toggle_theme: { menu: 'View', label: 'Light or dark', keys: 'CmdOrCtrl+Shift+L' },
  slice_next: { menu: 'Go', label: 'Next slice', keys: 'CmdOrCtrl+]' },
  slice_previous: { menu: 'Go', label: 'Previous slice', keys: 'CmdOrCtrl+[' },
  slice_first: { menu: 'Go', label: 'First slice', keys: 'CmdOrCtrl+Shift+[' },
  slice_last: { menu: 'Go', label: 'Last slice', keys: 'CmdOrCtrl+Shift+]' },
  crosshair_middle: { menu: 'Go', label: 'Middle of the volume', keys: 'CmdOrCtrl+Shift+C' },
  help: { menu: 'Help', label: 'CryoMamba help', keys: 'F1' },
  shortcuts: { menu: 'Help', label: 'Keyboard shortcuts', keys: 'CmdOrCtrl+/' },
  diagnostics: { menu: 'Help', label: 'Diagnostics', keys: null },
} as const satisfies Record<string, CommandRow>

/** Menu entries that the window carries out itself. */
export type MenuCommand = keyof typeof COMMANDS
export const MenuCommand = Type.Unsafe<MenuCommand>(Type.Union(Object.keys(COMMANDS).map((name) => Type.Literal(name))))

/** Shortcuts of the menu that the main process carries out itself. */
export const WINDOW_SHORTCUTS = {
  zoom_in: { menu: 'View', label: 'Larger text and controls', keys: 'CmdOrCtrl+Plus' },
  zoom_out: { menu: 'View', label: 'Smaller text and controls', keys: 'CmdOrCtrl+-' },
  zoom_reset: { menu: 'View', label: 'Usual size', keys: 'CmdOrCtrl+0' },
} as const satisfies Record<string, CommandRow>

/** Keys and gestures of the picture, while it has the focus or the pointer. */
export const PICTURE_KEYS: readonly { label: string; keys: string }[] = [
  { label: 'One voxel left, right, up, down', keys: 'Arrow keys' },
  { label: 'One slice up or down', keys: 'Page Up, Page Down' },
  { label: 'Through the slices', keys: 'Wheel' },
  { label: 'Ten times as fast', keys: 'Shift+Wheel, or Shift and a key' },
  { label: 'Zoom a slice', keys: 'Ctrl+Wheel, or pinch' },
  { label: 'Zoom the slice used last', keys: '+ and -' },
  { label: 'Move a slice', keys: 'Right button, or Alt and drag' },
  { label: 'Move the slice used last', keys: 'Alt+Arrow keys' },
  { label: 'Move the crosshair', keys: 'Click or drag' },
  { label: 'One pane alone, and back', keys: 'Double click' },
]

/** Shortcut as it is written on a keyboard: `Ctrl+O`, or `⌘O` on a Mac. */
export function shownKeys(keys: string, isMac: boolean): string {
  if (!isMac) return keys.replace('CmdOrCtrl', 'Ctrl').replace('Plus', '+')
  return keys
    .replace('CmdOrCtrl', '⌘')
    .replace('Shift', '⇧')
    .replace('Plus', '＋')
    .replaceAll('+', '')
    .replace('＋', '+')
}
