import { type Affine, diagonalAffine } from '../../volume/affine.ts'
import type { NiftiGeometry, VolumeWarning } from '../../volume/header.ts'
import type { Xyz } from '../../volume/zyx.ts'

/** Below this 1 − (b² + c² + d²) is a half turn; nifti_quatern_to_mat44 of the NIfTI library has the same number. */
const HALF_TURN = 1e-7

/** Part of the voxel size by which the columns of the affine may differ from it. */
const SIZE_TOLERANCE = 0.01

/**
 * Voxel index → RAS+ world, numbers as in the file: the sform if its code is positive, else the qform if its code is,
 * else nibabel's base affine (centre of the grid at the origin, x flipped).
 * A transform that has no finite inverse is left out with a warning.
 *
 * @param shapeXyz size of the first volume, voxels
 * @param sizeXyz  voxel size; 1 where the file has no usable one
 * @see nibabel/nifti1.py get_best_affine, nibabel/volumeutils.py shape_zoom_affine
 */
export function niftiAffine(geometry: NiftiGeometry, shapeXyz: Xyz, sizeXyz: Xyz, warnings: VolumeWarning[]): Affine {
  if (geometry.sformCode > 0) {
    const affine = sformAffine(geometry)
    if (isUsable(affine)) return affine
    warnings.push({ code: 'sform_unusable', message: 'The sform of the header has no inverse; it is left out.' })
  }
  if (geometry.qformCode > 0) {
    const affine = qformAffine(geometry, sizeXyz)
    if (isUsable(affine)) return affine
    warnings.push({ code: 'qform_unusable', message: 'The qform of the header is not finite; it is left out.' })
  }
  return baseAffine(shapeXyz, sizeXyz)
}

/** Warns where the voxel size and the affine of a header contradict each other: programs then differ by which they use. */
export function warnOfContradiction(affine: Affine, sizeXyz: Xyz, warnings: VolumeWarning[]): void {
  const columns = [0, 1, 2].map((axis) => Math.hypot(affine[axis], affine[4 + axis], affine[8 + axis]))
  if (columns.every((length, axis) => Math.abs(length - sizeXyz[axis]) <= SIZE_TOLERANCE * sizeXyz[axis])) return
  const lengths = columns.map((length) => Number(length.toPrecision(6))).join(' × ')
  const message = `The voxel size is ${sizeXyz.join(' × ')} but the affine steps ${lengths}.`
  warnings.push({ code: 'voxel_size_contradicts_affine', message })
}

function sformAffine({ srow }: NiftiGeometry): Affine {
  const [x, y, z] = srow
  return [x[0], x[1], x[2], x[3], y[0], y[1], y[2], y[3], z[0], z[1], z[2], z[3], 0, 0, 0, 1]
}

/** Method 2 of the specification. @see nifti1.h, "3D IMAGE (VOLUME) ORIENTATION AND LOCATION IN SPACE" */
export function qformAffine(geometry: NiftiGeometry, [sx, sy, sz]: Xyz): Affine {
  const [a, b, c, d] = unitQuaternion(geometry.quaternBcd)
  const [ox, oy, oz] = geometry.qoffsetXyz
  const qz = geometry.pixdim[0] === -1 ? -sz : sz
  return [
    (a * a + b * b - c * c - d * d) * sx,
    2 * (b * c - a * d) * sy,
    2 * (b * d + a * c) * qz,
    ox,
    2 * (b * c + a * d) * sx,
    (a * a + c * c - b * b - d * d) * sy,
    2 * (c * d - a * b) * qz,
    oy,
    2 * (b * d - a * c) * sx,
    2 * (c * d + a * b) * sy,
    (a * a + d * d - b * b - c * c) * qz,
    oz,
    0,
    0,
    0,
    1,
  ]
}

function unitQuaternion([b, c, d]: Xyz): [number, number, number, number] {
  const squares = b * b + c * c + d * d
  if (1 - squares >= HALF_TURN) return [Math.sqrt(1 - squares), b, c, d]
  const length = Math.sqrt(squares)
  return [0, b / length, c / length, d / length]
}

function baseAffine(shapeXyz: Xyz, [sx, sy, sz]: Xyz): Affine {
  const centre = (axis: number, size: number) => -((shapeXyz[axis] - 1) / 2) * size
  return diagonalAffine([-sx, sy, sz], [centre(0, -sx), centre(1, sy), centre(2, sz)])
}

function isUsable(a: Affine): boolean {
  const determinant =
    a[0] * (a[5] * a[10] - a[6] * a[9]) - a[1] * (a[4] * a[10] - a[6] * a[8]) + a[2] * (a[4] * a[9] - a[5] * a[8])
  return a.every(Number.isFinite) && Number.isFinite(determinant) && determinant !== 0
}
