import path from 'node:path'
import { type BrowserWindow, dialog } from 'electron'
import type { ExportedFile, MaskFormat } from '../../shared/contract/bridge.ts'
import type { Runs } from './runs.ts'

const FORMAT_NAMES: Readonly<Record<MaskFormat, string>> = { mrc: 'MRC', 'nii.gz': 'NIfTI', nrrd: 'NRRD' }

/** Asks where to, then downloads the mask in that format, checked by its hash. `folder` is offered. Null when no place was chosen. */
export async function exportMask(
  window: BrowserWindow | null,
  runs: Runs,
  runRef: string,
  format: MaskFormat,
  folder: string | null,
): Promise<ExportedFile> {
  const { volume_name: volumeName } = runs.view(runRef)
  if (!window) return null
  const chosen = await dialog.showSaveDialog(window, {
    title: 'Export mask',
    defaultPath: path.join(folder ?? '', `${baseName(volumeName)}_mask.${format}`),
    filters: [{ name: FORMAT_NAMES[format], extensions: [format] }],
  })
  if (chosen.canceled || !chosen.filePath) return null
  const file = withEnding(chosen.filePath, format)
  const { artifact, client } = await runs.artifact(runRef, `mask.${format}`)
  await client.downloadArtifact(artifact, file)
  return { name: path.basename(file), size_bytes: artifact.size_bytes, warnings: artifact.warnings }
}

function baseName(volumeName: string): string {
  return volumeName.replace(/\.(gz|bz2)$/i, '').replace(/\.[a-z0-9]+$/i, '')
}

function withEnding(file: string, format: MaskFormat): string {
  return file.toLowerCase().endsWith(`.${format}`) ? file : `${file}.${format}`
}
