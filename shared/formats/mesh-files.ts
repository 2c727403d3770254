import { type Affine, applyAffine } from '../volume/affine.ts'
import { asciiBytes } from './byte-view.ts'

/** Corners as voxel indices x, y, z; triangles as numbers of corners, counter-clockwise seen from outside. */
export interface Mesh {
  pointsXyz: Float32Array
  triangles: Uint32Array
}

/** The surface of one label, and what is said of it. */
export interface LabelMesh {
  label: number
  name: string
  /** Red, green, blue, 0 to 255. */
  rgb: readonly [number, number, number]
  mesh: Mesh
}

export type MeshFormat = 'stl' | 'obj' | 'ply'

/** What a mesh file is made of: surfaces, and voxel index (x, y, z) → world. */
export interface MeshScene {
  meshes: readonly LabelMesh[]
  affine: Affine
  /** Unit of the world, for the comment; null where it is unknown. */
  unit: string | null
}

// Bytes written at once.
const CHUNK_BYTES = 1024 * 1024

/** The bytes of a mesh file, chunk by chunk. Outsides stay outside where the affine mirrors. */
export function meshFile(format: MeshFormat, scene: MeshScene): Generator<Uint8Array> {
  return { stl: stlChunks, obj: objChunks, ply: plyChunks }[format](scene)
}

/** Points of a mesh in the world, three numbers each. */
function* worldPoints({ mesh: { pointsXyz } }: LabelMesh, affine: Affine): Generator<[number, number, number]> {
  for (let i = 0; i < pointsXyz.length; i += 3)
    yield applyAffine(affine, [pointsXyz[i], pointsXyz[i + 1], pointsXyz[i + 2]])
}

/** Corners of a triangle, turned round where the affine mirrors. */
function cornersOf({ triangles }: Mesh, at: number, isMirrored: boolean): [number, number, number] {
  const [a, b, c] = triangles.subarray(at, at + 3)
  return isMirrored ? [a, c, b] : [a, b, c]
}

function mirrors(a: Affine): boolean {
  return (
    a[0] * (a[5] * a[10] - a[6] * a[9]) - a[1] * (a[4] * a[10] - a[6] * a[8]) + a[2] * (a[4] * a[9] - a[5] * a[8]) < 0
  )
}

/** Binary STL: 80 bytes of text, the number of triangles, then 50 bytes each. @see StereoLithography, 3D Systems 1989 */
function* stlChunks({ meshes, affine, unit }: MeshScene): Generator<Uint8Array> {
  const count = meshes.reduce((sum, { mesh }) => sum + mesh.triangles.length / 3, 0)
  const head = new Uint8Array(84)
  head.set(asciiBytes(`CryoMamba surface, unit ${unit ?? 'voxel'}`.slice(0, 80)))
  new DataView(head.buffer).setUint32(80, count, true)
  yield head
  const isMirrored = mirrors(affine)
  for (const { mesh } of meshes) {
    const world = (corner: number) => {
      const p = mesh.pointsXyz
      return applyAffine(affine, [p[3 * corner], p[3 * corner + 1], p[3 * corner + 2]])
    }
    const atOnce = Math.floor(CHUNK_BYTES / 50)
    for (let first = 0; first < mesh.triangles.length / 3; first += atOnce) {
      const number = Math.min(atOnce, mesh.triangles.length / 3 - first)
      const bytes = new Uint8Array(50 * number)
      const view = new DataView(bytes.buffer)
      for (let i = 0; i < number; i++) {
        const corners = cornersOf(mesh, 3 * (first + i), isMirrored).map(world)
        const floats = [...normalOf(corners), ...corners.flat()]
        for (const [k, value] of floats.entries()) view.setFloat32(50 * i + 4 * k, value, true)
      }
      yield bytes
    }
  }
}

/** Length 1, or 0 for a triangle without area. */
function normalOf([a, b, c]: readonly (readonly [number, number, number])[]): [number, number, number] {
  const [u, v] = [b, c].map((point) => point.map((value, axis) => value - a[axis]))
  const normal = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]]
  const length = Math.hypot(...normal) || 1
  return normal.map((value) => value / length) as [number, number, number]
}

/** Wavefront OBJ with one object a label; corners are counted from 1 over all objects. */
function* objChunks({ meshes, affine, unit }: MeshScene): Generator<Uint8Array> {
  const lines = new Lines()
  lines.add(`# CryoMamba surface, unit ${unit ?? 'voxel'}`)
  const isMirrored = mirrors(affine)
  let before = 1
  for (const one of meshes) {
    lines.add(`o ${one.name.replaceAll(/\s+/g, '_')}`)
    for (const point of worldPoints(one, affine)) yield* lines.take(`v ${point.map(plain).join(' ')}`)
    for (let i = 0; i < one.mesh.triangles.length; i += 3) {
      const corners = cornersOf(one.mesh, i, isMirrored).map((corner) => corner + before)
      yield* lines.take(`f ${corners.join(' ')}`)
    }
    before += one.mesh.pointsXyz.length / 3
  }
  yield lines.rest()
}

/** Seven significant digits, as many as single precision holds. */
function plain(value: number): string {
  return String(Number(value.toPrecision(7)))
}

/** Lines of text, as bytes from time to time. */
class Lines {
  private text: string[] = []
  private size = 0

  add(line: string): void {
    this.text.push(line, '\n')
    this.size += line.length + 1
  }

  *take(line: string): Generator<Uint8Array> {
    this.add(line)
    if (this.size >= CHUNK_BYTES) yield this.rest()
  }

  rest(): Uint8Array {
    const bytes = asciiBytes(this.text.join('').replaceAll(/[^\x20-\x7e\n]/g, '_'))
    this.text = []
    this.size = 0
    return bytes
  }
}

/** Binary PLY with a colour and a label for each corner. @see Turk 1994, The PLY Polygon File Format */
function* plyChunks({ meshes, affine, unit }: MeshScene): Generator<Uint8Array> {
  const numPoints = meshes.reduce((sum, { mesh }) => sum + mesh.pointsXyz.length / 3, 0)
  const numTriangles = meshes.reduce((sum, { mesh }) => sum + mesh.triangles.length / 3, 0)
  const properties = ['float x', 'float y', 'float z', 'uchar red', 'uchar green', 'uchar blue', 'ushort label']
  yield asciiBytes(
    [
      'ply',
      'format binary_little_endian 1.0',
      `comment CryoMamba surface, unit ${unit ?? 'voxel'}`,
      `element vertex ${numPoints}`,
      ...properties.map((property) => `property ${property}`),
      `element face ${numTriangles}`,
      'property list uchar uint vertex_indices',
      'end_header\n',
    ].join('\n'),
  )
  for (const one of meshes) yield* plyPoints(one, affine)
  const isMirrored = mirrors(affine)
  let before = 0
  for (const { mesh } of meshes) {
    const records = new Records(13)
    for (let i = 0; i < mesh.triangles.length; i += 3) {
      const corners = cornersOf(mesh, i, isMirrored)
      yield* records.take((view, at) => {
        view.setUint8(at, 3)
        for (const [k, corner] of corners.entries()) view.setUint32(at + 1 + 4 * k, corner + before, true)
      })
    }
    yield records.rest()
    before += mesh.pointsXyz.length / 3
  }
}

function* plyPoints(one: LabelMesh, affine: Affine): Generator<Uint8Array> {
  const records = new Records(17)
  for (const point of worldPoints(one, affine))
    yield* records.take((view, at) => {
      for (const [k, value] of point.entries()) view.setFloat32(at + 4 * k, value, true)
      for (const [k, value] of one.rgb.entries()) view.setUint8(at + 12 + k, value)
      view.setUint16(at + 15, one.label, true)
    })
  yield records.rest()
}

/** Records of one length, as bytes from time to time. */
class Records {
  private readonly length: number
  private view = new DataView(new ArrayBuffer(CHUNK_BYTES))
  private used = 0

  constructor(length: number) {
    this.length = length
  }

  *take(write: (view: DataView, at: number) => void): Generator<Uint8Array> {
    if (this.used + this.length > CHUNK_BYTES) yield this.rest()
    write(this.view, this.used)
    this.used += this.length
  }

  rest(): Uint8Array {
    const bytes = new Uint8Array(this.view.buffer, 0, this.used)
    this.view = new DataView(new ArrayBuffer(CHUNK_BYTES))
    this.used = 0
    return bytes
  }
}
