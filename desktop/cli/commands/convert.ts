import path from 'node:path'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import type { OpenedVolume } from '../../../shared/formats/raw-voxel-source.ts'
import { openVolumeFile, writeVolumeFile } from '../../../shared/node/volume-file.ts'
import { hashVoxels } from '../../../shared/node/volume-summary.ts'
import { writeProvenance } from '../../../shared/node/write-export.ts'
import { isOmeZarrName, writeOmeZarr } from '../../../shared/node/write-ome-zarr.ts'
import { type WritableFormat, writableFormat } from '../../../shared/node/write-volume.ts'
import type { DType } from '../../../shared/volume/dtype.ts'
import type { OutputVolume } from '../../../shared/volume/header.ts'
import { readArguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { ConvertedVoxels } from '../converted-voxels.ts'
import { refuseSameFiles } from '../own-files.ts'
import { packageVersion } from '../package-version.ts'
import { readMode0 } from '../read-mode0.ts'

type OutFormat = WritableFormat | 'ome_zarr'
const FORMAT_NAMES: Readonly<Record<OutFormat, string>> = {
  mrc: 'MRC',
  nifti: 'NIfTI',
  nifti_gzip: 'NIfTI',
  nrrd: 'NRRD',
  ome_zarr: 'OME-Zarr',
}

/** Types that each format is written with. */
const WRITABLE: Readonly<Record<OutFormat, readonly DType[]>> = {
  mrc: ['int8', 'uint8', 'int16', 'uint16', 'float32'],
  nifti: ['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'float32', 'float64'],
  nifti_gzip: ['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'float32', 'float64'],
  nrrd: ['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'float32', 'float64'],
  ome_zarr: ['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'float32', 'float64'],
}

/** `convert`: any readable file to any writable format, without a change of values that is not asked for. */
export const convertCommand: Command = {
  name: 'convert',
  usage: 'IN OUT [--dtype T] [--labels] [--mode0 signed|unsigned]',
  summary:
    'Converts a volume; the ending of OUT chooses the format: .mrc, .nii, .nii.gz, .nrrd, .ome.zarr (a folder). --labels: a mask.',
  run: async (args, io) => {
    const { values, positionals } = readArguments(args, {
      dtype: { type: 'string' },
      labels: { type: 'boolean' },
      mode0: { type: 'string' },
      json: { type: 'boolean' },
    })
    if (positionals.length !== 2) throw new DomainError('usage', { reason: 'convert takes two files, IN and OUT.' })
    const [file, out] = positionals
    const format = isOmeZarrName(out) ? 'ome_zarr' : writableFormat(out)
    await refuseSameFiles([{ name: 'IN', file }], [{ name: 'OUT', file: out }])
    const source = await openVolumeFile(file, { mode0: readMode0(values.mode0), signal: io.signal })
    try {
      for (const { message } of source.header.warnings) io.err(`Warning: ${message}`)
      const plan = planConversion(source, format, values.dtype)
      const voxels = new ConvertedVoxels(source, plan.dtype, plan.appliesScaling)
      const volume: OutputVolume = {
        shapeZyx: source.header.shapeZyx,
        dtype: plan.dtype,
        kind: values.labels ? 'labels' : 'scalar',
        source: source.header,
        scaling: plan.appliesScaling ? null : source.header.scaling,
      }
      if (values.labels && /^float|64$/.test(plan.dtype)) {
        const message = `${path.basename(file)} holds ${plan.dtype}, which are no labels.`
        throw new DomainError('dtype_not_supported_by_format', {
          message,
          hint: 'Name a type of whole numbers with --dtype.',
        })
      }
      if (plan.dtype !== source.header.dtype || plan.appliesScaling) await voxels.checkRange(io.signal)
      const warnings =
        format === 'ome_zarr'
          ? await writeZarr({ source, file, out, volume, voxels, signal: io.signal })
          : await writeVolumeFile(out, volume, voxels)
      for (const warning of warnings) io.err(`Warning: ${warning.message}`)
      io.out(`${out}: ${source.header.shapeZyx.join(' × ')} ${plan.dtype}`)
    } finally {
      await source.close()
    }
  },
}

interface ZarrConversion {
  source: OpenedVolume
  file: string
  out: string
  volume: OutputVolume
  voxels: ConvertedVoxels
  signal: AbortSignal
}

/** The folder, and beside it what it was made of. */
async function writeZarr({ source, file, out, volume, voxels, signal }: ZarrConversion) {
  const name = path.basename(file)
  const warnings = await writeOmeZarr(out, { ...volume, name }, voxels, signal)
  const { format, shapeZyx, voxelSizeZyx, unit } = source.header
  const sha256 = await hashVoxels(source, signal)
  const input = { filename: name, sha256, format, shape_zyx: shapeZyx, voxel_size_zyx: voxelSizeZyx, unit }
  await writeProvenance(out, { input, kind: volume.kind, dtype: volume.dtype, warnings }, packageVersion())
  return warnings
}

/** The type that is written, and whether slope and intercept are applied because the target cannot hold them. */
function planConversion(
  source: OpenedVolume,
  format: OutFormat,
  asked: string | undefined,
): { dtype: DType; appliesScaling: boolean } {
  const { dtype, scaling } = source.header
  const allowed = WRITABLE[format]
  const name = FORMAT_NAMES[format]
  const keepsScaling = scaling === null || name === 'NIfTI'
  if (asked !== undefined) {
    const found = allowed.find((one) => one === asked)
    const message = `${name} cannot be written with the type ${asked}; it takes ${allowed.join(', ')}.`
    if (!found)
      throw new DomainError('dtype_not_supported_by_format', { message, hint: 'Name one of these with --dtype.' })
    return { dtype: found, appliesScaling: scaling !== null && !(keepsScaling && found === dtype) }
  }
  if (!keepsScaling) return { dtype: 'float32', appliesScaling: true }
  if (!allowed.includes(dtype)) {
    const message = `${name} cannot hold ${dtype}; it takes ${allowed.join(', ')}.`
    throw new DomainError('dtype_not_supported_by_format', { message, hint: 'Name another type with --dtype.' })
  }
  return { dtype, appliesScaling: false }
}
