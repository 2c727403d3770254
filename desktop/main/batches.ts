import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type BrowserWindow, dialog } from 'electron'
import type { ExportedFile } from '../../shared/contract/bridge.ts'
import type { BatchOrder } from '../../shared/contract/run-orders.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { batchTable } from './batch-table.ts'
import { VOLUME_FILTERS } from './open-files.ts'
import type { Runs } from './runs.ts'
import { chooseFolder } from './window-questions.ts'

/** Asks for files, and for a folder where masks go to one, then runs a model on each. Null without a choice. */
export async function startBatch(
  window: BrowserWindow | null,
  runs: Runs,
  { model_id: modelId, params = {}, save }: BatchOrder,
  newRef: () => string,
): Promise<{ batch_ref: string } | null> {
  if (!window) return null
  const files = await dialog.showOpenDialog(window, {
    title: 'Volumes to segment',
    properties: ['openFile', 'multiSelections'],
    filters: VOLUME_FILTERS,
  })
  if (files.canceled || files.filePaths.length === 0) return null
  const folder = save === 'folder' ? await chooseFolder(window, 'Folder for the masks') : null
  if (save === 'folder' && folder === null) return null
  const batchRef = newRef()
  for (const file of files.filePaths.map((one) => path.resolve(one)))
    runs.start({
      volumeRef: newRef(),
      volumeName: path.basename(file),
      ...{ file, mode0: null, serverPath: null, shapeZyx: null },
      ...{ modelId, params, batchRef },
      saveTo: save === 'beside' ? path.dirname(file) : folder,
    })
  return { batch_ref: batchRef }
}

/** Saves the table of a batch as CSV. Null without a choice. @throws {DomainError} `run_not_found`, `file_unwritable` */
export async function exportBatch(window: BrowserWindow | null, runs: Runs, batchRef: string): Promise<ExportedFile> {
  const table = batchTable(runs.batch(batchRef))
  if (!window) return null
  const chosen = await dialog.showSaveDialog(window, {
    title: 'Save the table',
    defaultPath: 'segmentations.csv',
    filters: [{ name: 'CSV', extensions: ['csv'] }],
  })
  if (chosen.canceled || !chosen.filePath) return null
  const name = path.basename(chosen.filePath)
  await writeFile(chosen.filePath, table).catch((cause: NodeJS.ErrnoException) => {
    throw new DomainError('file_unwritable', { path: name, reason: cause.code ?? 'unknown', cause })
  })
  return { name, size_bytes: Buffer.byteLength(table), warnings: [] }
}
