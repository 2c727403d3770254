import { mkdir, readdir } from 'node:fs/promises'
import path from 'node:path'
import { type BrowserWindow, dialog } from 'electron'
import type { CryoMambaClient } from '../../shared/client/api.ts'
import type { ExportedFile, MaskFormat } from '../../shared/contract/bridge.ts'
import type { Artifact } from '../../shared/contract/jobs.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { Runs } from './runs.ts'
import { volumeBaseName } from './volume-name.ts'

const PROBABILITY_ENDINGS = ['mrc', 'nii.gz', 'nrrd']
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
  return download(runs, runRef, await runs.artifact(runRef, `mask.${format}`), file)
}

/**
 * Asks where to, then downloads the probability that a run kept, checked by its hash. Null when no place was chosen.
 * @throws {DomainError} `probability_not_kept`, `run_not_found`
 */
export async function exportProbability(
  window: BrowserWindow | null,
  runs: Runs,
  runRef: string,
  folder: string | null,
): Promise<ExportedFile> {
  const found = await besideMask(runs, runRef, 'probability')
  const ending = found.artifact.name.slice('probability.'.length)
  const name = path.join(folder ?? '', `${volumeBaseName(runs.view(runRef).volume_name)}_probability`)
  const file = await askFile(window, name, ending, ending)
  return file ? download(runs, runRef, found, file) : null
}

/** What a run kept beside its mask; it has the format of the volume. @throws {DomainError} `probability_not_kept` */
export async function besideMask(runs: Runs, runRef: string, kind: 'probability' | 'candidate'): Promise<Found> {
  const names = PROBABILITY_ENDINGS.map((ending) => `${kind}.${ending}`)
  return runs.artifact(runRef, ...names).catch((error) => {
    const isMissing = error instanceof DomainError && error.code === 'artifact_not_found'
    throw isMissing ? new DomainError('probability_not_kept', { jobId: runRef }) : error
  })
}

/**
 * Files of a run's probability and of its candidates: those that lie here, else fetched, and kept with the run.
 * @throws {DomainError} `probability_not_kept`, `run_not_found`, what the server says
 */
export async function probabilityFiles(runs: Runs, runRef: string): Promise<[probability: string, candidate: string]> {
  const folder = runs.folderOf(runRef)
  await mkdir(folder, { recursive: true })
  const here = await readdir(folder)
  const fileOf = async (kind: 'probability' | 'candidate') => {
    const name = PROBABILITY_ENDINGS.map((ending) => `${kind}.${ending}`).find((one) => here.includes(one))
    if (name) return path.join(folder, name)
    const { artifact, client } = await besideMask(runs, runRef, kind)
    const file = path.join(folder, artifact.name)
    await client.downloadArtifact(artifact, file)
    return file
  }
  return Promise.all([fileOf('probability'), fileOf('candidate')])
}

interface Found {
  artifact: Artifact
  client: CryoMambaClient
}

/** The artifact and, beside it, what the server says it was made of. */
async function download(runs: Runs, runRef: string, { artifact, client }: Found, file: string): Promise<ExportedFile> {
  await client.downloadArtifact(artifact, file)
  const provenance = await runs.artifact(runRef, 'provenance.json')
  await client.downloadArtifact(provenance.artifact, `${file}.provenance.json`)
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
