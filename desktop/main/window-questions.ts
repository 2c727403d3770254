import { type BrowserWindow, dialog, type FileFilter, type MessageBoxSyncOptions } from 'electron'

/** Files of certificates. */
export const AUTHORITY_FILTERS: FileFilter[] = [
  { name: 'Certificates', extensions: ['pem', 'crt', 'cer'] },
  { name: 'All files', extensions: ['*'] },
]

/** Asked once, when the window is closed over a run. */
export function mayClose(window: BrowserWindow): boolean {
  return isAgreed(window, {
    message: 'A segmentation is under way.',
    detail:
      'On a server it goes on without this window. An upload, and a segmentation on this computer, stop and go on at the next start.',
    buttons: ['Close', 'Keep open'],
    defaultId: 1,
  })
}

/** Asked once, when the window is closed over a mask that was changed since its last export. */
export function mayLeaveMask(window: BrowserWindow): boolean {
  return isAgreed(window, {
    message: 'The mask has changes that were not exported.',
    detail: 'They are kept on this computer, and you are asked about them at the next start.',
    buttons: ['Close and keep them', 'Stay'],
    defaultId: 0,
  })
}

/** Asked when a mask is exported whose volume is another file by now. */
export async function mayWriteOverChanged(window: BrowserWindow, volumeName: string): Promise<boolean> {
  const { response } = await dialog.showMessageBox(window, {
    type: 'warning',
    message: `${volumeName} has changed on the disk since the mask was begun.`,
    detail: 'The mask was made on the file as it was. Written now, it may not fit the file that is there.',
    buttons: ['Export all the same', 'Cancel'],
    defaultId: 1,
    cancelId: 1,
  })
  return response === 0
}

/** True for the first button; closing the question is the second. */
function isAgreed(window: BrowserWindow, question: MessageBoxSyncOptions): boolean {
  return dialog.showMessageBoxSync(window, { type: 'question', cancelId: 1, ...question }) === 0
}

/** Asks for a folder, which can be a new one. Null without a choice. */
export async function chooseFolder(window: BrowserWindow, title: string): Promise<string | null> {
  const chosen = await dialog.showOpenDialog(window, { title, properties: ['openDirectory', 'createDirectory'] })
  return chosen.canceled ? null : (chosen.filePaths[0] ?? null)
}

/** Asks for a file. Null without a choice. */
export async function chooseFile(window: BrowserWindow, title: string, filters: FileFilter[]): Promise<string | null> {
  const chosen = await dialog.showOpenDialog(window, { title, properties: ['openFile'], filters })
  return chosen.canceled ? null : (chosen.filePaths[0] ?? null)
}
