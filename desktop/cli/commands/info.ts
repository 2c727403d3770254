import { DomainError } from '../../../shared/errors/domain-error.ts'
import { openVolumeFile } from '../../../shared/node/volume-file.ts'
import { hashVoxels, measureVolume, type VolumeStatistics } from '../../../shared/node/volume-summary.ts'
import type { VolumeHeader } from '../../../shared/volume/header.ts'
import { reverseTriple } from '../../../shared/volume/zyx.ts'
import { readArguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { readMode0 } from '../read-mode0.ts'

/** `info`: what a file is, measured from its voxels, not from what its header claims. */
export const infoCommand: Command = {
  name: 'info',
  usage: 'FILE [--json] [--mode0 signed|unsigned]',
  summary: 'Shows the header, statistics and voxel hash of a volume.',
  run: async (args, io) => {
    const { values, positionals } = readArguments(args, { json: { type: 'boolean' }, mode0: { type: 'string' } })
    if (positionals.length !== 1) throw new DomainError('usage', { reason: 'info takes one file.' })
    const source = await openVolumeFile(positionals[0], { mode0: readMode0(values.mode0), signal: io.signal })
    try {
      const stats = await measureVolume(source, io.signal)
      const sha256 = await hashVoxels(source, io.signal)
      if (values.json) io.out(JSON.stringify(asJson(source.header, stats, sha256)))
      else for (const line of asText(source.header, stats, sha256)) io.out(line)
    } finally {
      await source.close()
    }
  },
}

function asJson(header: VolumeHeader, stats: VolumeStatistics, sha256: string) {
  const nifti = {
    affine: [0, 4, 8, 12].map((row) => header.affine.slice(row, row + 4)),
    shape_xyz: reverseTriple(header.shapeZyx),
  }
  return {
    format: header.format,
    shape_zyx: header.shapeZyx,
    dtype: header.dtype,
    voxel_size_zyx: header.voxelSizeZyx,
    unit: header.unit,
    stats,
    sha256,
    warnings: header.warnings,
    header: { ...header.raw, num_volumes: header.numVolumes },
    ...(header.format === 'nifti' ? nifti : {}),
  }
}

function asText(header: VolumeHeader, stats: VolumeStatistics, sha256: string): string[] {
  const size = header.voxelSizeZyx?.map((value) => Number(value.toPrecision(6))).join(' × ')
  const show = (value: number | null) => (value === null ? '–' : Number(value.toPrecision(6)))
  return [
    `Format      ${header.format.toUpperCase()}`,
    `Shape       ${header.shapeZyx.join(' × ')} (z, y, x)${header.numVolumes > 1 ? `, first of ${header.numVolumes} volumes` : ''}`,
    `Type        ${header.dtype}${header.scaling ? `, value = stored · ${header.scaling.slope} + ${header.scaling.intercept}` : ''}`,
    `Voxel size  ${size ? `${size} ${header.unit ?? ''} (z, y, x)` : 'unknown'}`,
    `Values      ${show(stats.min)} to ${show(stats.max)}, mean ${show(stats.mean)}, deviation ${show(stats.std)}`,
    `Not finite  ${stats.nonfinite}`,
    `SHA-256     ${sha256}`,
    ...header.warnings.map((warning) => `Warning     ${warning.message}`),
  ]
}
