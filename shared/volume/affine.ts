import type { Xyz } from './zyx.ts'

/** 4×4, row-major, voxel index (x, y, z) → world; voxel centres sit on integer indices. */
export type Affine = readonly [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
]

/** World position of a voxel index, in the unit of the affine. */
export function applyAffine(affine: Affine, indexXyz: Xyz): [number, number, number] {
  const [x, y, z] = indexXyz
  const at = (row: number) =>
    affine[row * 4] * x + affine[row * 4 + 1] * y + affine[row * 4 + 2] * z + affine[row * 4 + 3]
  return [at(0), at(1), at(2)]
}

/** Affine with axis directions x, y, z scaled by the voxel size and the first voxel at `originXyz`. */
export function diagonalAffine(voxelSizeXyz: Xyz, originXyz: Xyz): Affine {
  const [sx, sy, sz] = voxelSizeXyz
  const [ox, oy, oz] = originXyz
  return [sx, 0, 0, ox, 0, sy, 0, oy, 0, 0, sz, oz, 0, 0, 0, 1]
}

/**
 * Affine of a grid whose voxels are blocks of `factor` voxels of the given one: scaled by the factor,
 * origin moved by (factor − 1) / 2 voxels so that block centres stay where they are (DESIGN §4, §5).
 */
export function affineOfBlocks(affine: Affine, factor: number): Affine {
  const shift = (factor - 1) / 2
  const [x, y, z] = applyAffine(affine, [shift, shift, shift])
  const a = affine
  return [
    a[0] * factor,
    a[1] * factor,
    a[2] * factor,
    x,
    a[4] * factor,
    a[5] * factor,
    a[6] * factor,
    y,
    a[8] * factor,
    a[9] * factor,
    a[10] * factor,
    z,
    0,
    0,
    0,
    1,
  ]
}

/** Affine of a box that begins at voxel `startXyz` of the grid of `affine`. */
export function affineOfCrop(affine: Affine, startXyz: Xyz): Affine {
  const [x, y, z] = applyAffine(affine, startXyz)
  const a = affine
  return [a[0], a[1], a[2], x, a[4], a[5], a[6], y, a[8], a[9], a[10], z, 0, 0, 0, 1]
}
