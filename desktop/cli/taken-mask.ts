import path from 'node:path'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { planesOf, type TakenMask } from '../../shared/node/take-away.ts'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import { hashVoxels } from '../../shared/node/volume-summary.ts'
import { writeProvenance } from '../../shared/node/write-export.ts'
import { refuseSameFiles } from './own-files.ts'
import { packageVersion } from './package-version.ts'
import { readMode0 } from './read-mode0.ts'
import { readWhole } from './run-params.ts'

/** Labels of `--label 1,3`; null for all. @throws {DomainError} `usage` */
export function readLabels(text: string | undefined): number[] | null {
  if (text === undefined) return null
  return text.split(',').map((one) => {
    const label = readWhole('--label', one.trim())
    if (label < 1 || label > 65_535) throw new DomainError('usage', { reason: `--label takes 1 to 65535, not ${one}.` })
    return label
  })
}

/**
 * Opens a mask, lets `write` take something away from it into `out`, and writes the provenance beside it.
 * @throws {DomainError} `usage` where `out` is the mask itself, what opening and writing throw
 */
export async function takeFrom<T extends object>(
  { mask: file, out, mode0, signal }: { mask: string; out: string; mode0: string | undefined; signal: AbortSignal },
  write: (mask: TakenMask, name: string) => Promise<T>,
): Promise<T> {
  await refuseSameFiles([{ name: 'MASK', file }], [{ name: 'OUT', file: out }])
  const source = await openVolumeFile(file, { mode0: readMode0(mode0), signal })
  try {
    const { header } = source
    const name = path
      .basename(file)
      .replace(/\.(gz|bz2)$/i, '')
      .replace(/\.[a-z0-9]+$/i, '')
    const made = await write({ header, planes: () => planesOf(source, signal), labels: [] }, name)
    const { format, shapeZyx, voxelSizeZyx, unit } = header
    const sha256 = await hashVoxels(source, signal)
    const input = {
      filename: path.basename(file),
      sha256,
      format,
      shape_zyx: shapeZyx,
      voxel_size_zyx: voxelSizeZyx,
      unit,
    }
    await writeProvenance(out, { input, ...made }, packageVersion())
    return made
  } finally {
    await source.close()
  }
}
