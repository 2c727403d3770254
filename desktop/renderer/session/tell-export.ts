import type { ExportedFile } from '../../../shared/contract/bridge.ts'
import type { DesktopStore } from '../state/store.ts'

/**
 * Writes a file and tells of it: what is being written while it is, then its name and warnings. Nothing is told where no
 * place was chosen.
 * @param what as the buttons of exports call it
 */
export async function tellExport(store: DesktopStore, what: string, write: () => Promise<ExportedFile>): Promise<void> {
  const { exportChanged, workDone } = store.getState()
  exportChanged(what)
  try {
    const file = await write()
    if (file) workDone(`Saved ${file.name}.`, file.warnings.map((warning) => warning.message).join(' '))
  } finally {
    exportChanged(null)
  }
}
