import type { VolumeWarning } from '../../volume/header.ts'
import { ByteView } from '../byte-view.ts'
import { checkedVoxelCount } from '../check-size.ts'
import { MRC_MODES, REFUSED_MODES } from './mrc-modes.ts'

/** Length of the main header; the extended header and the voxels follow. */
export const MRC_HEADER_BYTES = 1024

/** True for bytes that begin like an MRC file, in either byte order. */
export function isMrc(bytes: Uint8Array): boolean {
  if (bytes.length < MRC_HEADER_BYTES) return false
  if (new ByteView(bytes, true).text(208, 3) === 'MAP') return true
  return isPlausible(new ByteView(bytes, true)) || isPlausible(new ByteView(bytes, false))
}

function isPlausible(view: ByteView): boolean {
  const mode = view.int32(12)
  const sizes = [view.int32(0), view.int32(4), view.int32(8)]
  const axes = [view.int32(64), view.int32(68), view.int32(72)]
  const hasAxes = axes.every((axis) => axis === 0) || [...axes].sort((a, b) => a - b).join() === '1,2,3'
  return (mode in MRC_MODES || mode in REFUSED_MODES) && sizes.every((size) => size > 0 && size < 1_000_000) && hasAxes
}

/**
 * The numbers of a header in their byte order: the one of the machine stamp, unless mode and sizes only make sense the
 * other way round.
 * @param fileBytes size of the whole file, which decides where both orders make sense; null where it is not known
 * @throws {DomainError} `format_header_invalid`
 * @see https://www.ccpem.ac.uk/mrc_format/mrc2014.php, word 54
 */
export function inByteOrder(
  name: string,
  bytes: Uint8Array,
  fileBytes: number | null,
  warnings: VolumeWarning[],
): ByteView {
  const stamp = bytes[212]
  const hasStamp = stamp === 0x44 || stamp === 0x11
  const stamped = new ByteView(bytes, stamp !== 0x11)
  const other = new ByteView(bytes, stamp === 0x11)
  if (new ByteView(bytes, true).text(208, 3) !== 'MAP')
    warnings.push({
      code: 'map_stamp_missing',
      message: 'The file has no MAP stamp; it was read as an MRC file by its sizes.',
    })
  if (!hasStamp)
    warnings.push({
      code: 'machine_stamp_missing',
      message: 'The file does not say its byte order; it was found by mode and sizes.',
    })
  const isTie = !hasStamp && isPlausible(stamped) && isPlausible(other)
  if (isTie && fileBytes !== null && !mayFit(stamped, fileBytes) && mayFit(other, fileBytes)) return other
  if (isPlausible(stamped)) return stamped
  if (isPlausible(other)) {
    if (hasStamp)
      warnings.push({
        code: 'machine_stamp_wrong',
        message: 'The machine stamp names the wrong byte order; mode and sizes show the other one.',
      })
    return other
  }
  const view = isSmall(stamped) ? stamped : other
  checkedVoxelCount(name, [view.int32(0), view.int32(4), view.int32(8)])
  return view
}

/** True where a file is long enough for a voxel of 4 bits at each place: sizes read in the wrong order ask for more. */
function mayFit(view: ByteView, fileBytes: number): boolean {
  return MRC_HEADER_BYTES + (view.int32(0) * view.int32(4) * view.int32(8)) / 2 <= fileBytes
}

function isSmall(view: ByteView): boolean {
  return Math.abs(view.int32(12)) < 0x10000
}
