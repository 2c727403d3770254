import path from 'node:path'
import { type BrowserWindow, dialog } from 'electron'
import type { ExportedFile, MaskFormat } from '../../shared/contract/bridge.ts'
import { volumeBaseName } from './run-course.ts'
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
  const file = await askMaskFile(window, path.join(folder ?? '', runs.view(runRef).volume_name), '_mask', format)
  if (!file) return null
  const { artifact, client } = await runs.artifact(runRef, `mask.${format}`)
  await client.downloadArtifact(artifact, file)
  return { name: path.basename(file), size_bytes: artifact.size_bytes, warnings: artifact.warnings }
}

/** Asks where a mask is to be written; null when no place was chosen. */
export async function askMaskFile(
  window: BrowserWindow | null,
  volumeName: string,
  suffix: string,
  format: MaskFormat,
): Promise<string | null> {
  return askFile(window, `${volumeBaseName(volumeName)}${suffix}`, format, FORMAT_NAMES[format])
}

/** Asks where a file is to be written; null when no place was chosen. @param name without ending */
export async function askFile(
  window: BrowserWindow | null,
  name: string,
  ending: string,
  formatName: string,
): Promise<string | null> {
  if (!window) return null
  const chosen = await dialog.showSaveDialog(window, {
    title: 'Export',
    defaultPath: `${name}.${ending}`,
    filters: [{ name: formatName, extensions: [ending] }],
  })
  return chosen.canceled || !chosen.filePath ? null : withEnding(chosen.filePath, ending)
}

function withEnding(file: string, format: string): string {
  return file.toLowerCase().endsWith(`.${format}`) ? file : `${file}.${format}`
}
