import type { FileHandle } from 'node:fs/promises'
import { writeFully } from '../../../shared/node/write-fully.ts'
import type { Zyx } from '../../../shared/volume/zyx.ts'

/**
 * Every voxel of a volume as a code, cut so that planes across x can be read: an x-fastest file has one voxel of such a
 * plane in every row. Bricks are 8 planes deep, 16 voxels wide and as long as y; within a brick x is fastest, then z,
 * then y. Layers of 8 planes follow each other, bricks of a layer along x. Edges are padded with zeros.
 */
export const BRICK_PLANES = 8
export const BRICK_WIDTH = 16

/** Where bricks of a volume lie in their file, in bytes (one byte per voxel). */
export class BrickGrid {
  readonly shapeZyx: Zyx
  readonly numLayers: number
  readonly numBricks: number
  readonly brickBytes: number

  constructor(shapeZyx: Zyx) {
    this.shapeZyx = shapeZyx
    this.numLayers = Math.ceil(shapeZyx[0] / BRICK_PLANES)
    this.numBricks = Math.ceil(shapeZyx[2] / BRICK_WIDTH)
    this.brickBytes = shapeZyx[1] * BRICK_PLANES * BRICK_WIDTH
  }

  get sizeBytes(): number {
    return this.numLayers * this.numBricks * this.brickBytes
  }

  offsetOf(layer: number, brick: number): number {
    return (layer * this.numBricks + brick) * this.brickBytes
  }
}

/** Writes the codes of a box that begins at a layer's first plane and spans all of x. */
export async function writeBricks(
  file: FileHandle,
  grid: BrickGrid,
  codes: Uint8Array,
  startZyx: Zyx,
  shapeZyx: Zyx,
): Promise<void> {
  const [sz, sy] = shapeZyx
  const isWhole = sy === grid.shapeZyx[1]
  for (let z = 0; z < sz; z += BRICK_PLANES) {
    const layer = (startZyx[0] + z) / BRICK_PLANES
    const bricks = cutLayer(codes, shapeZyx, z, grid.numBricks)
    if (isWhole) {
      await writeFully(file, bricks, grid.offsetOf(layer, 0))
      continue
    }
    const part = sy * BRICK_PLANES * BRICK_WIDTH
    for (let brick = 0; brick < grid.numBricks; brick++) {
      const at = grid.offsetOf(layer, brick) + startZyx[1] * BRICK_PLANES * BRICK_WIDTH
      await writeFully(file, bricks.subarray(brick * part, (brick + 1) * part), at)
    }
  }
}

/** One layer of a box as bricks, one after the other. */
function cutLayer(codes: Uint8Array, [sz, sy, sx]: Zyx, firstZ: number, numBricks: number): Uint8Array {
  const rowBytes = BRICK_PLANES * BRICK_WIDTH
  const out = new Uint8Array(numBricks * sy * rowBytes)
  for (let z = firstZ; z < Math.min(firstZ + BRICK_PLANES, sz); z++)
    for (let y = 0; y < sy; y++) {
      const row = (z * sy + y) * sx
      const inBrick = y * rowBytes + (z - firstZ) * BRICK_WIDTH
      for (let brick = 0, x = 0; brick < numBricks; brick++) {
        const to = brick * sy * rowBytes + inBrick
        for (let i = 0; i < BRICK_WIDTH && x < sx; i++, x++) out[to + i] = codes[row + x]
      }
    }
  return out
}

/** Planes [x, x + count) across x: count planes of codes, each z, y order. All within the volume. */
export async function readColumns(file: FileHandle, grid: BrickGrid, x: number, count: number): Promise<Uint8Array[]> {
  const [nz, ny] = grid.shapeZyx
  const planes = Array.from({ length: count }, () => new Uint8Array(nz * ny))
  const last = Math.floor((x + count - 1) / BRICK_WIDTH)
  for (let brick = Math.floor(x / BRICK_WIDTH); brick <= last; brick++) {
    const [from, to] = [Math.max(x, brick * BRICK_WIDTH), Math.min(x + count, (brick + 1) * BRICK_WIDTH)]
    const read = Array.from({ length: grid.numLayers }, (_, layer) => readBrick(file, grid, layer, brick))
    for (let layer = 0; layer < grid.numLayers; layer++) {
      const codes = await read[layer]
      for (let one = from; one < to; one++) pickColumn(codes, one - brick * BRICK_WIDTH, layer, grid, planes[one - x])
    }
  }
  return planes
}

async function readBrick(file: FileHandle, grid: BrickGrid, layer: number, brick: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(grid.brickBytes)
  await file.read(bytes, 0, bytes.length, grid.offsetOf(layer, brick))
  return bytes
}

function pickColumn(codes: Uint8Array, inBrick: number, layer: number, grid: BrickGrid, plane: Uint8Array): void {
  const [nz, ny] = grid.shapeZyx
  const firstZ = layer * BRICK_PLANES
  for (let z = firstZ; z < Math.min(firstZ + BRICK_PLANES, nz); z++)
    for (let y = 0; y < ny; y++) plane[z * ny + y] = codes[(y * BRICK_PLANES + z - firstZ) * BRICK_WIDTH + inBrick]
}

/** All codes in z, y, x order. */
export async function readAllBricks(file: FileHandle, grid: BrickGrid): Promise<Uint8Array<ArrayBuffer>> {
  const [nz, ny, nx] = grid.shapeZyx
  const out = new Uint8Array(nz * ny * nx)
  const layerBytes = new Uint8Array(grid.numBricks * grid.brickBytes)
  for (let layer = 0; layer < grid.numLayers; layer++) {
    await file.read(layerBytes, 0, layerBytes.length, grid.offsetOf(layer, 0))
    const firstZ = layer * BRICK_PLANES
    for (let z = firstZ; z < Math.min(firstZ + BRICK_PLANES, nz); z++)
      for (let y = 0; y < ny; y++) {
        const row = (z * ny + y) * nx
        for (let brick = 0, x = 0; brick < grid.numBricks; brick++) {
          const from = brick * grid.brickBytes + (y * BRICK_PLANES + z - firstZ) * BRICK_WIDTH
          for (let i = 0; i < BRICK_WIDTH && x < nx; i++, x++) out[row + x] = layerBytes[from + i]
        }
      }
  }
  return out
}
