/** Array order: slowest axis first, x fastest in memory. */
export type Zyx = readonly [z: number, y: number, x: number]

/** Geometric order. */
export type Xyz = readonly [x: number, y: number, z: number]

/** The one place where array order and geometric order are swapped. */
export function reverseTriple<T>(triple: readonly [T, T, T]): [T, T, T] {
  return [triple[2], triple[1], triple[0]]
}

/** Number of voxels of a shape. */
export function numVoxels(shapeZyx: Zyx): number {
  return shapeZyx[0] * shapeZyx[1] * shapeZyx[2]
}
