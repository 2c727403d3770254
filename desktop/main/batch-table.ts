import type { RunView } from '../../shared/contract/bridge.ts'
import { physicalVolume } from '../../shared/volume/physical-volume.ts'

/**
 * Runs as CSV (RFC 4180): one line a file, for every label its voxels and its volume, in the cubed unit that is named.
 * What is not known stays empty.
 */
export function batchTable(runs: readonly RunView[]): string {
  const names = [...new Set(runs.flatMap((run) => run.labels.map(({ name }) => name)))]
  const head = [
    ...['file', 'state', 'model', 'server', 'unit'],
    ...names.flatMap((name) => [`${name} voxels`, `${name} volume`]),
    ...['seconds', 'mask', 'problem'],
  ]
  return `${[head, ...runs.map((run) => lineOf(run, names))].map((line) => line.map(quoted).join(',')).join('\r\n')}\r\n`
}

function lineOf(run: RunView, names: readonly string[]): (string | number | null)[] {
  const sizeOf = (voxels: number) => physicalVolume(voxels, run.voxel_size_zyx, run.unit)
  const counts = names.flatMap((name) => {
    const voxels = run.labels.find((label) => label.name === name)?.voxels ?? null
    const size = voxels === null ? null : sizeOf(voxels)
    return [voxels, size && Number(size.value.toPrecision(9))]
  })
  return [
    ...[run.volume_name, run.phase, run.model_name, run.server_name, sizeOf(1)?.unit ?? null],
    ...counts,
    ...[run.result?.seconds ?? null, run.saved_as, run.problem?.message ?? null],
  ]
}

/** Cells that a spreadsheet would take for a formula begin with an apostrophe. */
function quoted(cell: string | number | null): string {
  const text = cell === null ? '' : String(cell)
  const safe = typeof cell === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
