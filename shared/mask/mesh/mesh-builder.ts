import type { Zyx } from '../../volume/zyx.ts'
import { CUBE_EDGES, CUBE_LOOPS, LOOP_TRIANGLES } from './cube-loops.ts'

/** A closed surface: corners as voxel indices x, y, z (voxel centres on whole numbers), triangles as numbers of corners. */
export interface Mesh {
  pointsXyz: Float32Array
  /** Three for each triangle, counter-clockwise seen from outside where the axes are right-handed. */
  triangles: Uint32Array
}

/** More triangles than were asked for. */
export class MeshTooLarge extends RangeError {}

/**
 * The surface of one label by marching cubes through the midpoints between voxel centres, closed at the border of the
 * volume, from planes in ascending z: two planes are held beside the result. Every edge has two triangles.
 * States: adding (`add` once per plane) → `finish`.
 */
export class MeshBuilder {
  private readonly shapeZyx: Zyx
  private readonly label: number
  private readonly mostTriangles: number
  /** Row length and size of a plane with one voxel of background around it. */
  private readonly width: number
  private below: Uint8Array
  private above: Uint8Array
  /** Corner numbers + 1 on edges: along x and y in both planes, along z between them; 0 where there is none yet. */
  private edgesBelow: [Uint32Array, Uint32Array]
  private edgesAbove: [Uint32Array, Uint32Array]
  private readonly edgesBetween: Uint32Array
  private readonly points = new Growing((length) => new Float32Array(length))
  private readonly corners = new Growing((length) => new Uint32Array(length))
  private planes = 0

  /** @param mostTriangles taken at most */
  constructor(shapeZyx: Zyx, label: number, mostTriangles: number) {
    this.shapeZyx = shapeZyx
    this.label = label
    this.mostTriangles = mostTriangles
    this.width = shapeZyx[2] + 2
    const size = this.width * (shapeZyx[1] + 2)
    this.below = new Uint8Array(size)
    this.above = new Uint8Array(size)
    this.edgesBelow = [new Uint32Array(size), new Uint32Array(size)]
    this.edgesAbove = [new Uint32Array(size), new Uint32Array(size)]
    this.edgesBetween = new Uint32Array(size)
  }

  /** The next plane, y, x order. Not kept. @throws {MeshTooLarge}; RangeError for a plane of another size or too many */
  add(plane: ArrayLike<number>): void {
    const [nz, ny, nx] = this.shapeZyx
    if (plane.length !== ny * nx || this.planes === nz) throw new RangeError('a plane of another size, or too many')
    this.planes++
    this.above.fill(0)
    for (let y = 0, at = 0; y < ny; y++)
      for (let x = 0; x < nx; x++, at++) if (plane[at] === this.label) this.above[(y + 1) * this.width + x + 1] = 1
    this.layer(this.planes - 1)
  }

  /** The whole surface. @throws RangeError while planes are missing */
  finish(): Mesh {
    if (this.planes !== this.shapeZyx[0]) throw new RangeError('planes are missing')
    this.above.fill(0)
    this.layer(this.planes)
    return { pointsXyz: this.points.done() as Float32Array, triangles: this.corners.done() as Uint32Array }
  }

  /** Cubes between two planes; the upper one is `z` of the volume. */
  private layer(z: number): void {
    const { below, above, width } = this
    const rows = below.length / width
    for (const edges of [...this.edgesAbove, this.edgesBetween]) edges.fill(0)
    for (let y = 0; y + 1 < rows; y++)
      for (let x = 0; x + 1 < width; x++) {
        const at = y * width + x
        const code =
          below[at] |
          (below[at + 1] << 1) |
          (below[at + width] << 2) |
          (below[at + width + 1] << 3) |
          (above[at] << 4) |
          (above[at + 1] << 5) |
          (above[at + width] << 6) |
          (above[at + width + 1] << 7)
        if (code !== 0 && code !== 255) this.cube(code, z, y, x)
      }
    ;[this.below, this.above] = [this.above, this.below]
    ;[this.edgesBelow, this.edgesAbove] = [this.edgesAbove, this.edgesBelow]
  }

  private cube(code: number, z: number, y: number, x: number): void {
    for (const [i, loop] of CUBE_LOOPS[code].entries()) {
      const points = loop.map((edge) => this.pointOn(edge, z, y, x))
      const triangles = LOOP_TRIANGLES[code][i]
      const middle = triangles[0][0] === null ? this.middleOf(points) : 0
      for (const [a, b, c] of triangles) this.corners.push(a === null ? middle : points[a], points[b], points[c])
      if (this.corners.length > 3 * this.mostTriangles)
        throw new MeshTooLarge(`more than ${this.mostTriangles} triangles`)
    }
  }

  /** The corner in the middle of an edge of the cube whose upper plane is `z`. */
  private pointOn(edge: number, z: number, y: number, x: number): number {
    const { axis, corner } = CUBE_EDGES[edge]
    const [dz, dy, dx] = [corner >> 2, (corner >> 1) & 1, corner & 1]
    const at = (y + dy) * this.width + x + dx
    const edges = axis === 2 ? this.edgesBetween : (dz === 1 ? this.edgesAbove : this.edgesBelow)[axis]
    if (edges[at] === 0) {
      const half = (one: number) => (one === axis ? 0.5 : 0)
      // The padded grid begins one voxel before the volume.
      this.points.push(x + dx - 1 + half(0), y + dy - 1 + half(1), z - 1 + dz + half(2))
      edges[at] = this.points.length / 3
    }
    return edges[at] - 1
  }

  private middleOf(points: readonly number[]): number {
    const sum = [0, 0, 0]
    for (const point of points) for (let axis = 0; axis < 3; axis++) sum[axis] += this.points.at(3 * point + axis)
    this.points.push(sum[0] / points.length, sum[1] / points.length, sum[2] / points.length)
    return this.points.length / 3 - 1
  }
}

/** A typed array that grows. */
class Growing<T extends Float32Array | Uint32Array> {
  length = 0
  private values: T
  private readonly make: (length: number) => T

  constructor(make: (length: number) => T) {
    this.make = make
    this.values = make(3072)
  }

  push(a: number, b: number, c: number): void {
    if (this.length + 3 > this.values.length) {
      const larger = this.make(this.values.length * 2)
      larger.set(this.values)
      this.values = larger
    }
    this.values[this.length] = a
    this.values[this.length + 1] = b
    this.values[this.length + 2] = c
    this.length += 3
  }

  at(index: number): number {
    return this.values[index]
  }

  done(): Float32Array | Uint32Array {
    return this.values.subarray(0, this.length)
  }
}

/** Volume enclosed by a mesh, cubed units of its points; negative where it is inside out. @see divergence theorem */
export function enclosedVolume({ pointsXyz: p, triangles }: Mesh): number {
  let sum = 0
  for (let i = 0; i < triangles.length; i += 3) {
    const [a, b, c] = [3 * triangles[i], 3 * triangles[i + 1], 3 * triangles[i + 2]]
    sum +=
      p[a] * (p[b + 1] * p[c + 2] - p[b + 2] * p[c + 1]) +
      p[a + 1] * (p[b + 2] * p[c] - p[b] * p[c + 2]) +
      p[a + 2] * (p[b] * p[c + 1] - p[b + 1] * p[c])
  }
  return sum / 6
}
