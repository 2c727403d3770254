/** Corner 4 dz + 2 dy + dx of a cube; as in `surfelAreas`. */
type Corner = number

/** Edges of a cube: axis (0 = x, 1 = y, 2 = z) and its lower corner. */
export interface CubeEdge {
  axis: 0 | 1 | 2
  corner: Corner
}

/** The 12 edges; their numbers are used by `cubeLoops`. */
export const CUBE_EDGES: readonly CubeEdge[] = ([0, 1, 2] as const).flatMap((axis) =>
  [0, 1, 2, 3, 4, 5, 6, 7].filter((corner) => ((corner >> axis) & 1) === 0).map((corner) => ({ axis, corner })),
)

/** Corners of the six faces, counter-clockwise seen from outside, where x, y and z are right-handed. */
const FACES: readonly (readonly Corner[])[] = [
  [0, 4, 6, 2], // x = 0
  [1, 3, 7, 5], // x = 1
  [0, 1, 5, 4], // y = 0
  [2, 6, 7, 3], // y = 1
  [0, 2, 3, 1], // z = 0
  [4, 5, 7, 6], // z = 1
]

/**
 * Where the surface of a label passes a cube of eight voxel centres: closed loops over the midpoints of its edges, as
 * edge numbers, counter-clockwise seen from outside the label. On a face whose inside corners lie across from each other
 * they are kept apart, by both cubes that share it: so the loops of neighbours meet, and every surface is closed.
 *
 * @returns by code: bit 4 dz + 2 dy + dx is set where that voxel is inside
 * @see Lorensen and Cline 1987, Marching Cubes; Dürst 1988 for the faces that are ambiguous
 */
export const CUBE_LOOPS: readonly (readonly (readonly number[])[])[] = Array.from({ length: 256 }, (_, code) =>
  loopsOf(code),
)

function loopsOf(code: number): number[][] {
  const next = new Map<number, number>()
  for (const face of FACES) {
    const isIn = face.map((corner) => ((code >> corner) & 1) === 1)
    for (let i = 0; i < 4; i++) {
      if (!isIn[i] || isIn[(i + 3) % 4]) continue
      let last = i
      while (isIn[(last + 1) % 4]) last = (last + 1) % 4
      const enters = edgeBetween(face[(i + 3) % 4], face[i])
      const leaves = edgeBetween(face[last], face[(last + 1) % 4])
      next.set(enters, leaves)
    }
  }
  const loops: number[][] = []
  while (next.size > 0) {
    const loop: number[] = []
    let [at] = next.keys()
    for (let to = next.get(at); to !== undefined; to = next.get(at)) {
      loop.push(at)
      next.delete(at)
      at = to
    }
    loops.push(loop)
  }
  return loops
}

function edgeBetween(a: Corner, b: Corner): number {
  const axis = Math.log2(a ^ b)
  return CUBE_EDGES.findIndex((edge) => edge.axis === axis && edge.corner === Math.min(a, b))
}

/** A loop as triangles of places in it; `null` stands for a point in its middle. */
export type LoopTriangles = readonly (readonly [number | null, number, number])[]

/**
 * Triangles of a loop whose inner sides do not lie in a face of the cube: there the neighbour could have the same side,
 * and four triangles would meet. Where no fan avoids that, the loop gets a point in its middle.
 */
export function trianglesOf(loop: readonly number[]): LoopTriangles {
  const size = loop.length
  for (let first = 0; first < size; first++) {
    const inner = Array.from({ length: size - 3 }, (_, i) => (first + 2 + i) % size)
    if (inner.some((other) => areInOneFace(loop[first], loop[other]))) continue
    return Array.from(
      { length: size - 2 },
      (_, i) => [first, (first + 1 + i) % size, (first + 2 + i) % size] as [number, number, number],
    )
  }
  return loop.map((_, i) => [null, i, (i + 1) % size] as [null, number, number])
}

/** By code and loop: `trianglesOf`. */
export const LOOP_TRIANGLES: readonly (readonly LoopTriangles[])[] = CUBE_LOOPS.map((loops) => loops.map(trianglesOf))

function areInOneFace(first: number, second: number): boolean {
  const corners = [first, second].flatMap((edge) => {
    const { axis, corner } = CUBE_EDGES[edge]
    return [corner, corner | (1 << axis)]
  })
  return FACES.some((face) => corners.every((corner) => face.includes(corner)))
}
