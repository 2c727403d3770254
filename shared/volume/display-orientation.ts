import type { VolumeHeader } from './header.ts'
import type { Xyz, Zyx } from './zyx.ts'

/**
 * How the axes of a file are turned for the screen. Display axes are right, anterior, superior where the file names
 * anatomical directions (NIfTI, NRRD with such a space), and the file's own x, y, z everywhere else.
 */
export interface DisplayOrientation {
  /** For each display axis (x, y, z): the axis of the file (0 = x) that runs along it. */
  fileAxisXyz: [number, number, number]
  /** For each display axis: the file's axis runs against it. */
  isFlippedXyz: [boolean, boolean, boolean]
}

/** The file's axes as they are. */
export const AS_STORED: DisplayOrientation = { fileAxisXyz: [0, 1, 2], isFlippedXyz: [false, false, false] }

/**
 * The turn (by right angles and mirrorings only, no resampling) that brings a volume nearest to its world axes.
 * MRC and files without anatomical directions stay as stored.
 */
export function displayOrientation(header: Pick<VolumeHeader, 'affine' | 'geometry'>): DisplayOrientation {
  const signs = worldSigns(header.geometry)
  return signs ? nearestAxes(header.affine, signs) : AS_STORED
}

/** True when voxels are shown in the order of the file. */
export function isAsStored({ fileAxisXyz, isFlippedXyz }: DisplayOrientation): boolean {
  return fileAxisXyz.every((axis, display) => axis === display) && !isFlippedXyz.some((isFlipped) => isFlipped)
}

/** A triple given along the file's axes, along the display axes. */
export function toDisplayAxes<T>(tripleXyz: readonly [T, T, T], { fileAxisXyz }: DisplayOrientation): [T, T, T] {
  return fileAxisXyz.map((axis) => tripleXyz[axis]) as [T, T, T]
}

/** A triple given along the display axes, along the file's axes. */
export function toFileAxes<T>(tripleXyz: readonly [T, T, T], { fileAxisXyz }: DisplayOrientation): [T, T, T] {
  const file = [...tripleXyz] as [T, T, T]
  for (let display = 0; display < 3; display++) file[fileAxisXyz[display]] = tripleXyz[display]
  return file
}

/**
 * Voxels turned into display order.
 * @param voxels   z, y, x order of the file. Returned as they are when nothing turns, else a new array.
 * @param shapeZyx Their shape in the file.
 */
export function orientVoxels<T extends Uint8Array | Uint16Array>(
  voxels: T,
  shapeZyx: Zyx,
  orientation: DisplayOrientation,
): T {
  if (isAsStored(orientation)) return voxels
  const [fz, fy, fx] = shapeZyx
  const strides: Xyz = [1, fx, fx * fy]
  const [nx, ny, nz] = toDisplayAxes([fx, fy, fz], orientation)
  const [sx, sy, sz] = orientation.fileAxisXyz.map((axis, display) =>
    orientation.isFlippedXyz[display] ? -strides[axis] : strides[axis],
  )
  const corner = cornerOf([nx, ny, nz], strides, orientation)
  const out = (voxels instanceof Uint8Array ? new Uint8Array(voxels.length) : new Uint16Array(voxels.length)) as T
  for (let z = 0, to = 0; z < nz; z++)
    for (let y = 0; y < ny; y++) {
      let from = corner + z * sz + y * sy
      for (let x = 0; x < nx; x++, from += sx) out[to++] = voxels[from]
    }
  return out
}

/**
 * A box of one plane turned into display order.
 * @param shapeZyx of the file
 * @param fileAxis the axis of the file that the plane is across, 0 = x
 * @returns rows and columns; columns run along x, or y where the plane is across x
 */
export function orientPlane<T extends Uint8Array | Uint16Array>(
  voxels: T,
  shapeZyx: Zyx,
  fileAxis: 0 | 1 | 2,
  orientation: DisplayOrientation,
): { shape: [rows: number, columns: number]; voxels: T } {
  const shown = toDisplayAxes([shapeZyx[2], shapeZyx[1], shapeZyx[0]], orientation)
  const displayAxis = orientation.fileAxisXyz.indexOf(fileAxis)
  const [width, height] = shown.filter((_, axis) => axis !== displayAxis)
  return { shape: [height, width], voxels: orientVoxels(voxels, shapeZyx, orientation) }
}

/** Where the first display voxel lies in the file. */
function cornerOf(shapeXyz: Xyz, strides: Xyz, { fileAxisXyz, isFlippedXyz }: DisplayOrientation): number {
  let corner = 0
  for (let display = 0; display < 3; display++)
    if (isFlippedXyz[display]) corner += (shapeXyz[display] - 1) * strides[fileAxisXyz[display]]
  return corner
}

/** Signs that make the file's world right, anterior, superior; null where it names no such directions. */
export function worldSigns(geometry: VolumeHeader['geometry']): Xyz | null {
  if (geometry.format === 'nifti') return [1, 1, 1]
  if (geometry.format !== 'nrrd' || !geometry.space || !geometry.spaceDirections) return null
  const words = geometry.space.toLowerCase().replace(/-time$|t$/, '')
  const code = words.includes('-')
    ? words
        .split('-')
        .map((word) => word[0])
        .join('')
    : words
  if (code === 'ras') return [1, 1, 1]
  if (code === 'lps') return [-1, -1, 1]
  return code === 'las' ? [-1, 1, 1] : null
}

/** The pairing of file axes with world axes that has the largest product of direction cosines. */
function nearestAxes(affine: VolumeHeader['affine'], signs: Xyz): DisplayOrientation {
  const cosine = (world: number, axis: number) => {
    const length = Math.hypot(affine[axis], affine[4 + axis], affine[8 + axis])
    return length > 0 ? (signs[world] * affine[world * 4 + axis]) / length : 0
  }
  let best = AS_STORED
  let bestFit = -1
  for (const axes of PERMUTATIONS) {
    const fit = axes.reduce((product, axis, world) => product * Math.abs(cosine(world, axis)), 1)
    if (fit <= bestFit) continue
    bestFit = fit
    best = {
      fileAxisXyz: [...axes],
      isFlippedXyz: axes.map((axis, world) => cosine(world, axis) < 0) as [boolean, boolean, boolean],
    }
  }
  return best
}

const PERMUTATIONS: readonly Xyz[] = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
]
