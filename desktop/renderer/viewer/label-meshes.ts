import { MeshBuilder, MeshTooLarge } from '../../../shared/mask/mesh/mesh-builder.ts'
import { blockGridShape, downsampleLabels } from '../../../shared/mask/preview-rule.ts'
import type { Zyx } from '../../../shared/volume/zyx.ts'
import { UNKNOWN_SLOT } from './label-slots.ts'

/** The surface of one label as it is drawn. */
export interface LabelMesh {
  slot: number
  /** Corners as voxels of the level, x, y, z; voxel centres on whole numbers. */
  points: Float32Array
  /** For each corner, away from the label, of length 1. */
  normals: Float32Array
  triangles: Uint32Array
}

export interface LabelMeshes {
  meshes: LabelMesh[]
  /** Voxels of the level that were taken together so that the surfaces can be drawn; 1 for none. */
  factor: number
}

interface Box {
  start: [z: number, y: number, x: number]
  end: [z: number, y: number, x: number]
}

/**
 * Surfaces of all labels of a level by the surface extractor of the exports. Where they would have more triangles than a
 * graphics card draws at ease, voxels are merged by the rule of previews until they have not.
 *
 * @param slots display slots, z, y, x order; "not computed yet" has no surface
 */
export function labelMeshes(slots: Uint8Array, shapeZyx: Zyx, mostTriangles: number): LabelMeshes {
  for (let [factor, shape, labels] = [1, shapeZyx, slots]; ; factor *= 2) {
    try {
      return { meshes: meshesOf(labels, shape, mostTriangles, factor), factor }
    } catch (error) {
      if (!(error instanceof MeshTooLarge)) throw error
      labels = downsampleLabels(labels, shape, 2)
      shape = blockGridShape(shape, 2)
    }
  }
}

function meshesOf(slots: Uint8Array, shape: Zyx, mostTriangles: number, factor: number): LabelMesh[] {
  let left = mostTriangles
  return [...boxesOf(slots, shape)]
    .sort(([a], [b]) => a - b)
    .map(([slot, box]) => {
      const mesh = meshIn(slots, shape, slot, box, left)
      left -= mesh.triangles.length / 3
      const normals = smoothed(normalsOf(mesh.points, mesh.triangles), mesh.triangles)
      // The middle of a block of merged voxels.
      for (let i = 0; i < mesh.points.length; i++) mesh.points[i] = mesh.points[i] * factor + (factor - 1) / 2
      return { slot, normals, ...mesh }
    })
}

/** The voxels that each label lies between. */
function boxesOf(slots: Uint8Array, [nz, ny, nx]: Zyx): Map<number, Box> {
  const boxes = new Map<number, Box>()
  for (let z = 0, at = 0; z < nz; z++)
    for (let y = 0; y < ny; y++)
      for (let x = 0; x < nx; x++, at++) {
        const slot = slots[at]
        if (slot === 0 || slot === UNKNOWN_SLOT) continue
        const box = boxes.get(slot)
        if (box) widen(box, z, y, x)
        else boxes.set(slot, { start: [z, y, x], end: [z + 1, y + 1, x + 1] })
      }
  return boxes
}

function widen({ start, end }: Box, z: number, y: number, x: number): void {
  if (y < start[1]) start[1] = y
  if (x < start[2]) start[2] = x
  if (z >= end[0]) end[0] = z + 1
  if (y >= end[1]) end[1] = y + 1
  if (x >= end[2]) end[2] = x + 1
}

function meshIn(
  slots: Uint8Array,
  [, ny, nx]: Zyx,
  slot: number,
  { start, end }: Box,
  mostTriangles: number,
): Pick<LabelMesh, 'points' | 'triangles'> {
  const [sz, sy, sx] = [0, 1, 2].map((axis) => end[axis] - start[axis])
  const builder = new MeshBuilder([sz, sy, sx], slot, Math.max(1, mostTriangles))
  const plane = new Uint8Array(sy * sx)
  for (let z = start[0]; z < end[0]; z++) {
    for (let y = 0; y < sy; y++) {
      const row = (z * ny + start[1] + y) * nx + start[2]
      plane.set(slots.subarray(row, row + sx), y * sx)
    }
    builder.add(plane)
  }
  const { pointsXyz, triangles } = builder.finish()
  const points = pointsXyz.slice()
  for (let i = 0; i < points.length; i++) points[i] += start[2 - (i % 3)]
  return { points, triangles: triangles.slice() }
}

/** Each corner's normal is the mean of those of its triangles, weighted by their areas. */
function normalsOf(p: Float32Array, triangles: Uint32Array): Float32Array {
  const normals = new Float32Array(p.length)
  for (let i = 0; i < triangles.length; i += 3) {
    const [a, b, c] = [3 * triangles[i], 3 * triangles[i + 1], 3 * triangles[i + 2]]
    const [ux, uy, uz] = [p[b] - p[a], p[b + 1] - p[a + 1], p[b + 2] - p[a + 2]]
    const [vx, vy, vz] = [p[c] - p[a], p[c + 1] - p[a + 1], p[c + 2] - p[a + 2]]
    for (const at of [a, b, c]) {
      normals[at] += uy * vz - uz * vy
      normals[at + 1] += uz * vx - ux * vz
      normals[at + 2] += ux * vy - uy * vx
    }
  }
  return unit(normals)
}

// The corners of marching cubes turn from voxel to voxel; twice the mean of the neighbours shows the shape behind them.
const NUM_SMOOTHINGS = 2

function smoothed(normals: Float32Array, triangles: Uint32Array): Float32Array {
  let before = normals
  for (let turn = 0; turn < NUM_SMOOTHINGS; turn++) {
    const after = before.slice()
    for (let i = 0; i < triangles.length; i++) {
      const first = i - (i % 3)
      for (let other = first; other < first + 3; other++)
        for (let axis = 0; axis < 3; axis++) after[3 * triangles[i] + axis] += before[3 * triangles[other] + axis]
    }
    before = unit(after)
  }
  return before
}

function unit(normals: Float32Array): Float32Array {
  for (let i = 0; i < normals.length; i += 3) {
    const length = Math.hypot(normals[i], normals[i + 1], normals[i + 2]) || 1
    for (let axis = 0; axis < 3; axis++) normals[i + axis] /= length
  }
  return normals
}
