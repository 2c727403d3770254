import { DomainError } from '../../errors/domain-error.ts'
import type { DType } from '../../volume/dtype.ts'
import type { LengthUnit, MrcGeometry, OutputVolume, VolumeWarning } from '../../volume/header.ts'
import { reverseTriple } from '../../volume/zyx.ts'
import { asciiBytes } from '../byte-view.ts'
import type { EncodedHeader, WrittenStatistics } from '../parsed-volume.ts'
import { MRC_HEADER_BYTES } from './byte-order.ts'
import { IMOD_PACKED_4BIT, IMOD_STAMP } from './parse-mrc.ts'

/** Ångström in one unit. */
const ANGSTROM: Readonly<Record<LengthUnit, number>> = { angstrom: 1, nm: 10, um: 1e4, mm: 1e7, m: 1e10 }

/** Mode and stored type of voxels of a type. `maxValue` decides whether unsigned bytes fit signed ones. */
export function mrcStorage(dtype: DType, maxValue: number): { mode: number; storedDtype: DType } {
  switch (dtype) {
    case 'int8':
      return { mode: 0, storedDtype: 'int8' }
    case 'uint8':
      return maxValue <= 127 ? { mode: 0, storedDtype: 'uint8' } : { mode: 6, storedDtype: 'uint16' }
    case 'int16':
      return { mode: 1, storedDtype: 'int16' }
    case 'uint16':
      return { mode: 6, storedDtype: 'uint16' }
    case 'float32':
      return { mode: 2, storedDtype: 'float32' }
    default:
      throw new DomainError('dtype_not_supported_by_format', { format: 'MRC', dtype })
  }
}

/** Axes of an output file as stored, fastest first, as indices of x (0), y (1), z (2): those of an MRC source, else x, y, z. */
export function mrcStoredAxes(volume: OutputVolume): [number, number, number] {
  const { geometry } = volume.source
  const isValid = geometry.format === 'mrc' && [...geometry.mapcrs].sort((a, b) => a - b).join() === '1,2,3'
  return isValid ? (geometry.mapcrs.map((axis) => axis - 1) as [number, number, number]) : [0, 1, 2]
}

/**
 * MRC2014 header of a volume. From an MRC every word that places voxels is copied as stored; from another format come
 * voxel size and origin, and warnings say what is lost.
 * @param mode       as `mrcStorage` gives it
 * @param statistics of the stored voxels
 * @see https://www.ccpem.ac.uk/mrc_format/mrc2014.php
 */
export function encodeMrc(volume: OutputVolume, mode: number, statistics: WrittenStatistics): EncodedHeader {
  const warnings: VolumeWarning[] = []
  const { geometry } = volume.source
  const place = geometry.format === 'mrc' ? copied(volume, geometry) : converted(volume, warnings)
  const axes = mrcStoredAxes(volume)
  const shapeXyz = reverseTriple(volume.shapeZyx)
  const bytes = new Uint8Array(MRC_HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  const ints = (offset: number, values: readonly number[]) =>
    values.forEach((value, i) => void view.setInt32(offset + 4 * i, value, true))
  const floats = (offset: number, values: readonly number[]) =>
    values.forEach((value, i) => void view.setFloat32(offset + 4 * i, value, true))
  ints(
    0,
    axes.map((axis) => shapeXyz[axis]),
  )
  ints(12, [mode])
  ints(16, place.nstart)
  ints(28, place.mxyz)
  floats(40, place.cellAngstrom)
  floats(52, place.cellAnglesDegree)
  ints(
    64,
    axes.map((axis) => axis + 1),
  )
  floats(76, [statistics.min, statistics.max, statistics.mean])
  ints(88, [place.spaceGroup])
  ints(108, [20140])
  ints(152, imodWords(geometry.format === 'mrc' ? geometry : null))
  floats(196, place.originAngstrom)
  bytes.set(asciiBytes('MAP '), 208)
  bytes.set([0x44, 0x44, 0, 0], 212)
  floats(216, [statistics.std])
  ints(220, [1])
  bytes.set(asciiBytes('Written by CryoMamba'.padEnd(80)), 224)
  return { bytes, warnings }
}

type Place = Pick<
  MrcGeometry,
  'nstart' | 'mxyz' | 'cellAngstrom' | 'cellAnglesDegree' | 'originAngstrom' | 'spaceGroup'
>

/** A single volume of a stack is an ordinary volume; all else is as the source has it. */
function copied(volume: OutputVolume, geometry: MrcGeometry): Place {
  const isStack = volume.source.numVolumes > 1
  return { ...geometry, spaceGroup: isStack ? 1 : geometry.spaceGroup }
}

/** Files that IMOD stamped with signed bytes stay so, but one voxel to a byte; others are left without a stamp. */
function imodWords(geometry: MrcGeometry | null): [number, number] {
  const isSigned = geometry !== null && geometry.imodStamp === IMOD_STAMP && (geometry.imodFlags & 1) === 1
  return isSigned ? [geometry.imodStamp, geometry.imodFlags & ~IMOD_PACKED_4BIT] : [0, 0]
}

function converted(volume: OutputVolume, warnings: VolumeWarning[]): Place {
  const { source } = volume
  const mxyz = reverseTriple(volume.shapeZyx)
  const place: Place = {
    nstart: [0, 0, 0],
    mxyz,
    cellAngstrom: [0, 0, 0],
    cellAnglesDegree: [90, 90, 90],
    originAngstrom: [0, 0, 0],
    spaceGroup: 1,
  }
  if (source.voxelSizeZyx === null || source.unit === null) {
    warnings.push({
      code: 'voxel_size_unknown',
      message: 'The voxel size is unknown; the file says so by a cell of zero.',
    })
    return place
  }
  const scale = ANGSTROM[source.unit]
  const angstrom = (value: number) => scaledFloat32(value, scale)
  const { affine } = source
  const isDiagonal = [affine[1], affine[2], affine[4], affine[6], affine[8], affine[9]].every(
    (value) => Math.abs(value) < 1e-6 * Math.abs(affine[0]),
  )
  if (!isDiagonal || affine[0] < 0 || affine[5] < 0 || affine[10] < 0) {
    const message =
      'MRC has no rotated or flipped axes: voxels keep their order, but the orientation of the source is lost.'
    warnings.push({ code: 'orientation_not_expressible', message })
  }
  const sizeXyz = reverseTriple(source.voxelSizeZyx)
  place.cellAngstrom = mxyz.map((size, axis) => size * angstrom(sizeXyz[axis])) as [number, number, number]
  place.originAngstrom = [angstrom(affine[3]), angstrom(affine[7]), angstrom(affine[11])]
  return place
}

/**
 * A length of another header in ångström. Where it is a float32, the shortest decimal that would be stored as it:
 * 0.001348 µm is 13.48 Å again, not 13.480001.
 */
function scaledFloat32(value: number, scale: number): number {
  if (Math.fround(value) !== value) return value * scale
  for (let digits = 5; digits <= 9; digits++) {
    const decimal = Number((value * scale).toPrecision(digits))
    if (Math.fround(decimal / scale) === value) return decimal
  }
  return value * scale
}
