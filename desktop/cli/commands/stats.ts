import { DomainError } from '../../../shared/errors/domain-error.ts'
import { statisticsTable } from '../../../shared/formats/object-tables.ts'
import { LabelStatistics, type ObjectReport } from '../../../shared/mask/label-statistics.ts'
import { planesOf } from '../../../shared/node/take-away.ts'
import { openVolumeFile } from '../../../shared/node/volume-file.ts'
import type { VoxelSource } from '../../../shared/volume/header.ts'
import { numVoxels } from '../../../shared/volume/zyx.ts'
import { readArguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { readMode0 } from '../read-mode0.ts'

/** Objects of a label shown in the text; the JSON lists more. */
const SHOWN_OBJECTS = 10

/** `stats`: what `stats.json` of a job says, of any mask. */
export const statsCommand: Command = {
  name: 'stats',
  usage: 'MASK [--json|--csv] [--mode0 signed|unsigned]',
  summary:
    'Measures each label of a mask: voxels, volume, surface area, number of objects and the largest of them; lengths in nm for files in Å, else in their unit.',
  run: async (args, io) => {
    const { values, positionals } = readArguments(args, {
      json: { type: 'boolean' },
      csv: { type: 'boolean' },
      mode0: { type: 'string' },
    })
    if (values.json && values.csv) throw new DomainError('usage', { reason: 'stats takes --json or --csv, not both.' })
    if (positionals.length !== 1) throw new DomainError('usage', { reason: 'stats takes one mask.' })
    const source = await openVolumeFile(positionals[0], { mode0: readMode0(values.mode0), signal: io.signal })
    try {
      const report = await measureMask(source, io.signal)
      if (values.json) io.out(JSON.stringify(report))
      else if (values.csv) {
        // Standard output is the table; what else there is to say goes beside it.
        for (const { message } of report.warnings) io.err(`Warning: ${message}`)
        io.out(asCsv(report))
      } else for (const line of asText(report)) io.out(line)
    } finally {
      await source.close()
    }
  },
}

/** The keys of `stats.json`; of the labels those that occur, without names. */
async function measureMask(source: VoxelSource, signal?: AbortSignal) {
  const { header } = source
  const statistics = new LabelStatistics(header)
  for await (const plane of planesOf(source, signal)) statistics.add(plane)
  return {
    schema_version: 1,
    shape_zyx: header.shapeZyx,
    voxel_size_zyx: header.voxelSizeZyx,
    unit: header.unit,
    total_voxels: numVoxels(header.shapeZyx),
    ...statistics.frame(),
    labels: statistics.values().map((value) => ({ value, ...statistics.label(value) })),
    warnings: [...header.warnings, ...statistics.warnings],
  }
}

type MaskReport = Awaited<ReturnType<typeof measureMask>>
type LabelRow = MaskReport['labels'][number]

function asCsv({ labels, volume_unit, area_unit }: MaskReport): string {
  const named = labels.filter(({ value }) => value !== 0).map((one) => ({ ...one, name: `label ${one.value}` }))
  return statisticsTable(named, volume_unit, area_unit).trimEnd()
}

function asText(report: MaskReport): string[] {
  const [volume, area] = [report.volume_unit, report.area_unit].map((unit) => (unit ? ` (${withPower(unit)})` : ''))
  const head = ['Label', 'Voxels', 'Share', `Volume${volume}`, `Surface${area}`, 'Objects']
  const rows = report.labels.map((one) => [
    String(one.value),
    String(one.voxels),
    `${(one.share * 100).toFixed(3)} %`,
    show(one.volume),
    'surface_area' in one ? show(one.surface_area) : '',
    'num_objects' in one ? show(one.num_objects) : '',
  ])
  return [
    ...asTable([head, ...rows]),
    ...report.labels.flatMap((one) => objectLines(one, report)),
    ...report.warnings.map((warning) => `Warning: ${warning.message}`),
  ]
}

function objectLines(label: LabelRow, { unit, volume_unit }: MaskReport): string[] {
  if (!('objects' in label) || !label.objects?.length) return []
  const shown = label.objects.slice(0, SHOWN_OBJECTS)
  const left = (label.num_objects ?? 0) - shown.length
  const head = [
    ...[
      'Voxels',
      `Volume${volume_unit ? ` (${withPower(volume_unit)})` : ''}`,
      'Box from (z, y, x)',
      'Box size (z, y, x)',
    ],
    ...['Centre (z, y, x)', `Centre in the world (x, y, z${unit ? `; ${unit}` : ''})`],
  ]
  return [
    '',
    `Objects of label ${label.value}, largest first`,
    ...asTable([head, ...shown.map(objectRow)]),
    ...(left > 0 ? [`… and ${left} more; --json lists the largest ${label.objects.length}.`] : []),
  ]
}

function objectRow(one: ObjectReport): string[] {
  const list = (values: readonly number[]) => values.map((value) => Number(value.toFixed(2))).join(', ')
  return [
    String(one.voxels),
    show(one.volume),
    list(one.start_zyx),
    list(one.shape_zyx),
    list(one.centroid_zyx),
    one.centroid_world_xyz ? list(one.centroid_world_xyz) : '–',
  ]
}

/** Columns aligned at their right. */
function asTable(rows: string[][]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  return rows.map((row) => row.map((cell, column) => cell.padStart(widths[column])).join('  '))
}

function show(value: number | null): string {
  if (value === null) return '–'
  return String(value >= 1e6 ? Math.round(value) : Number(value.toPrecision(6)))
}

function withPower(unit: string): string {
  return unit.replace('2', '²').replace('3', '³')
}
