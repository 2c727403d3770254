import { DomainError } from '../../errors/domain-error.ts'
import { type Affine, diagonalAffine } from '../../volume/affine.ts'
import type { DType } from '../../volume/dtype.ts'
import type { MrcGeometry, VolumeHeader, VolumeWarning } from '../../volume/header.ts'
import { reverseTriple, type Xyz } from '../../volume/zyx.ts'
import type { ByteView } from '../byte-view.ts'
import { checkDataFits, checkedVoxelCount } from '../check-size.ts'
import type { ParsedVolume } from '../parsed-volume.ts'
import { inByteOrder, MRC_HEADER_BYTES } from './byte-order.ts'
import { MRC_MODES, REFUSED_MODES } from './mrc-modes.ts'

/** Word 39 of files that IMOD or SerialEM wrote. @see https://bio3d.colorado.edu/imod/doc/mrc_format.txt */
export const IMOD_STAMP = 1146047817

export interface MrcOptions {
  /** Overrides the rule for mode 0. */
  mode0?: 'signed' | 'unsigned'
}

/** Bit of the IMOD flags of mode 0: every byte holds two 4-bit values. @see the same page, word 40 */
export const IMOD_PACKED_4BIT = 16

/** Angles of a cell whose axes are at right angles; 0 is written by programs that leave them out. */
const RIGHT_ANGLES = [0, 90]

/**
 * Reads an MRC, CCP4, MAP, REC or ST header.
 *
 * Byte order by the machine stamp, confirmed by mode and sizes; mode 0 by the rule of the IMOD stamp; voxel size = cell /
 * sampling; the first voxel at `origin` if that is non-zero, else at `nstart · voxel`; axes put in z, y, x order.
 *
 * @param name      of the file, for messages
 * @param bytes     at least the first 1024
 * @param fileBytes size of the whole (decompressed) file; null where it is not known yet
 * @throws {DomainError} `format_truncated`, `format_header_invalid`, `format_unsupported`
 * @see https://www.ccpem.ac.uk/mrc_format/mrc2014.php
 */
export function parseMrc(
  name: string,
  bytes: Uint8Array,
  fileBytes: number | null,
  options: MrcOptions = {},
): ParsedVolume {
  if (bytes.length < MRC_HEADER_BYTES) {
    throw new DomainError('format_truncated', { name, foundBytes: bytes.length, expectedBytes: MRC_HEADER_BYTES })
  }
  const warnings: VolumeWarning[] = []
  const view = inByteOrder(name, bytes, fileBytes, warnings)
  const geometry = readGeometry(view)
  const axes = storedAxes(geometry, warnings)
  const dtype = dtypeOf(name, view, geometry, options, warnings)
  const totalVoxels = checkedVoxelCount(name, geometry.storedShapeXyz)
  const extendedBytes = view.int32(92)
  if (extendedBytes < 0)
    throw new DomainError('format_header_invalid', { name, reason: `the extended header has ${extendedBytes} bytes` })
  const offsetBytes = MRC_HEADER_BYTES + extendedBytes
  checkLength(name, geometry, dtype, offsetBytes, totalVoxels, fileBytes, warnings)
  const numVolumes = countVolumes(name, geometry, axes, warnings)
  const shapeXyz: [number, number, number] = [0, 0, 0]
  for (const [stored, axis] of axes.entries()) shapeXyz[axis] = geometry.storedShapeXyz[stored]
  shapeXyz[2] /= numVolumes
  const voxelXyz = voxelSize(geometry, warnings)
  const header: VolumeHeader = {
    format: 'mrc',
    shapeZyx: reverseTriple(shapeXyz),
    numVolumes,
    dtype,
    voxelSizeZyx: voxelXyz && reverseTriple(voxelXyz),
    unit: voxelXyz && 'angstrom',
    affine: placeOf(geometry, axes, voxelXyz, warnings),
    scaling: null,
    geometry,
    warnings,
    raw: rawHeader(view),
  }
  return {
    header,
    layout: {
      offsetBytes,
      isLittleEndian: view.isLittleEndian,
      totalVoxels,
      isPacked4Bit: geometry.mode === 101,
      storedAxes: axes,
    },
  }
}

function readGeometry(view: ByteView): MrcGeometry {
  const ints = (offset: number): [number, number, number] => [
    view.int32(offset),
    view.int32(offset + 4),
    view.int32(offset + 8),
  ]
  const floats = (offset: number): [number, number, number] => [
    view.float32(offset),
    view.float32(offset + 4),
    view.float32(offset + 8),
  ]
  return {
    format: 'mrc',
    storedShapeXyz: ints(0),
    mode: view.int32(12),
    nstart: ints(16),
    mxyz: ints(28),
    cellAngstrom: floats(40),
    cellAnglesDegree: floats(52),
    mapcrs: ints(64),
    spaceGroup: view.int32(88),
    originAngstrom: floats(196),
    imodStamp: view.int32(152),
    imodFlags: view.int32(156),
  }
}

/** Which of x (0), y (1), z (2) columns, rows and sections run along. */
function storedAxes({ mapcrs }: MrcGeometry, warnings: VolumeWarning[]): [number, number, number] {
  if ([...mapcrs].sort((a, b) => a - b).join() === '1,2,3')
    return mapcrs.map((axis) => axis - 1) as [number, number, number]
  warn(
    warnings,
    'axis_order_invalid',
    `The axis order ${mapcrs.join(', ')} is not valid; columns, rows and sections were taken as x, y, z.`,
  )
  return [0, 1, 2]
}

function dtypeOf(
  name: string,
  view: ByteView,
  geometry: MrcGeometry,
  options: MrcOptions,
  warnings: VolumeWarning[],
): DType {
  const refused = REFUSED_MODES[geometry.mode]
  if (refused) throw new DomainError('format_unsupported', { name, kind: `${refused} (MRC mode ${geometry.mode})` })
  const dtype = MRC_MODES[geometry.mode]
  if (!dtype) throw new DomainError('format_header_invalid', { name, reason: `mode ${geometry.mode} does not exist` })
  if (geometry.mode !== 0) return dtype
  if (geometry.imodStamp === IMOD_STAMP && geometry.imodFlags & IMOD_PACKED_4BIT) {
    const message = 'The file says that every byte holds two 4-bit values; the bytes were read as they are.'
    warn(warnings, 'mode0_packed_4bit', message)
  }
  if (options.mode0) return options.mode0 === 'signed' ? 'int8' : 'uint8'
  const isStamped = geometry.imodStamp === IMOD_STAMP
  if (isStamped) return geometry.imodFlags & 1 ? 'int8' : 'uint8'
  const dmin = view.float32(76)
  const dmax = view.float32(80)
  if (dmax > 127 && dmax <= 255 && dmin >= 0) {
    const message = `The header says values from ${dmin} to ${dmax}, which signed bytes cannot hold; the bytes were read as signed, but may be unsigned.`
    warn(warnings, 'mode0_sign_doubtful', message)
  }
  return 'int8'
}

function checkLength(
  name: string,
  geometry: MrcGeometry,
  dtype: DType,
  offsetBytes: number,
  totalVoxels: number,
  fileBytes: number | null,
  warnings: VolumeWarning[],
): void {
  if (fileBytes === null) return
  const [columns, rows, sections] = geometry.storedShapeXyz
  if (geometry.mode === 101)
    checkDataFits(name, offsetBytes, Math.ceil(columns / 2) * rows * sections, 'uint8', fileBytes)
  else checkDataFits(name, offsetBytes, totalVoxels, dtype, fileBytes)
  const bits = geometry.mode === 101 ? Math.ceil(columns / 2) * rows * sections : totalVoxels * bytesOf(dtype)
  const extra = fileBytes - offsetBytes - bits
  if (extra > 0) warn(warnings, 'trailing_bytes', `The file is ${extra} bytes longer than its header says.`)
}

function bytesOf(dtype: DType): number {
  return dtype === 'float32' ? 4 : dtype === 'int8' || dtype === 'uint8' ? 1 : 2
}

/** Space groups 401 to 630 mark stacks of volumes of mz sections each; 0 marks a stack of images. */
function countVolumes(name: string, geometry: MrcGeometry, axes: readonly number[], warnings: VolumeWarning[]): number {
  const { spaceGroup, mxyz, storedShapeXyz } = geometry
  const sections = storedShapeXyz[2]
  if (spaceGroup === 0 && sections > 1)
    warn(warnings, 'image_stack', `The file calls itself a stack of ${sections} images, not a volume.`)
  if (spaceGroup < 401 || spaceGroup > 630) return 1
  const perVolume = mxyz[2]
  if (perVolume < 1 || sections % perVolume !== 0) {
    warn(
      warnings,
      'volume_stack_invalid',
      `The file calls itself a stack of volumes of ${perVolume} sections, but has ${sections}.`,
    )
    return 1
  }
  const numVolumes = sections / perVolume
  if (numVolumes > 1 && axes[2] !== 2)
    throw new DomainError('format_unsupported', { name, kind: 'a stack of volumes with exchanged axes' })
  if (numVolumes > 1)
    warn(warnings, 'volume_stack', `The file is a stack of ${numVolumes} volumes; the first is shown.`)
  return numVolumes
}

function voxelSize(
  { cellAngstrom, mxyz, cellAnglesDegree }: MrcGeometry,
  warnings: VolumeWarning[],
): [number, number, number] | null {
  if (cellAnglesDegree.some((angle) => !RIGHT_ANGLES.includes(Math.round(angle * 100) / 100))) {
    warn(
      warnings,
      'cell_not_orthogonal',
      `The cell angles are ${cellAnglesDegree.join(', ')}°; voxels are placed as if they were 90°.`,
    )
  }
  const sizes = cellAngstrom.map((cell, axis) => cell / mxyz[axis]) as [number, number, number]
  if (sizes.every((size) => Number.isFinite(size) && size > 0)) return sizes
  warn(warnings, 'voxel_size_unknown', 'The file does not give a usable voxel size.')
  return null
}

/** World of an MRC: directions +x +y +z; in ångström, or in voxels where the voxel size is unknown. */
function placeOf(
  geometry: MrcGeometry,
  axes: readonly number[],
  voxelXyz: Xyz | null,
  warnings: VolumeWarning[],
): Affine {
  const start: [number, number, number] = [0, 0, 0]
  for (const [stored, axis] of axes.entries()) start[axis] = geometry.nstart[stored]
  if (voxelXyz === null) return diagonalAffine([1, 1, 1], start)
  const origin = geometry.originAngstrom
  if (!origin.every(Number.isFinite)) {
    warn(warnings, 'origin_invalid', 'The origin is not a number; it was taken as zero.')
  } else if (origin.some((value) => value !== 0)) return diagonalAffine(voxelXyz, origin)
  return diagonalAffine(voxelXyz, [start[0] * voxelXyz[0], start[1] * voxelXyz[1], start[2] * voxelXyz[2]])
}

function rawHeader(view: ByteView): Record<string, unknown> {
  const numLabels = Math.min(10, Math.max(0, view.int32(220)))
  const geometry = readGeometry(view)
  return {
    nx: geometry.storedShapeXyz[0],
    ny: geometry.storedShapeXyz[1],
    nz: geometry.storedShapeXyz[2],
    mode: geometry.mode,
    nstart: geometry.nstart,
    mxyz: geometry.mxyz,
    cella: geometry.cellAngstrom.map(plain),
    cellb: geometry.cellAnglesDegree.map(plain),
    mapcrs: geometry.mapcrs,
    dmin: plain(view.float32(76)),
    dmax: plain(view.float32(80)),
    dmean: plain(view.float32(84)),
    ispg: geometry.spaceGroup,
    nsymbt: view.int32(92),
    exttyp: view.text(104, 4),
    nversion: view.int32(108),
    imod_stamp: geometry.imodStamp,
    imod_flags: geometry.imodFlags,
    origin: geometry.originAngstrom.map(plain),
    map: view.text(208, 4),
    machst: [...view.bytes.subarray(212, 216)],
    rms: plain(view.float32(216)),
    labels: Array.from({ length: numLabels }, (_, i) => view.text(224 + 80 * i, 80)),
    byte_order: view.isLittleEndian ? 'little' : 'big',
  }
}

/** JSON has no NaN and no infinity. */
function plain(value: number): number | null {
  return Number.isFinite(value) ? value : null
}

function warn(warnings: VolumeWarning[], code: string, message: string): void {
  warnings.push({ code, message })
}
