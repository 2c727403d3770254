import { DomainError } from '../../errors/domain-error.ts'
import type { Abort } from '../../volume/header.ts'
import type { Zyx } from '../../volume/zyx.ts'
import { brickWithin, type FloodRequest, floodBricks } from './brick-flood.ts'
import { BRICK_VOXELS, offsetIn } from './label-bricks.ts'
import type { MaskChange, VoxelBox } from './mask-change.ts'
import type { MaskEditor } from './mask-editor.ts'

// 250 MB of bits where the region is compact.
const MOST_GROWN = 2_000_000_000

/** Values of a box of the volume that the mask belongs to, in file units, z, y, x order. */
export type ReadValues = (box: VoxelBox, signal?: Abort) => Promise<Float32Array>

export interface GrowRequest {
  label: number
  seedZyx: Zyx
  /** In file units, both included. */
  low: number
  high: number
  /** How far from the seed the region may go along each axis. */
  reachVox: number
  readValues: ReadValues
  most?: number
  signal?: Abort
}

/**
 * Gives a label to the background connected with a voxel by faces whose values lie in a range.
 * @throws {DomainError} `label_locked`, `mask_seed_empty`, `mask_region_too_large`, `canceled`, what `readValues` throws
 */
export async function growRegion(editor: MaskEditor, asked: GrowRequest): Promise<MaskChange> {
  const { bricks } = editor
  const { seedZyx, low, high, signal } = asked
  const within = boxAround(seedZyx, asked.reachVox, bricks.shapeZyx)
  const seedLabel = bricks.at(...seedZyx)
  const [seedValue] = await asked.readValues({ startZyx: seedZyx, shapeZyx: [1, 1, 1] }, signal)
  const isInRange = seedValue >= low && seedValue <= high
  if (seedLabel !== 0 || !isInRange) {
    const found = seedLabel === 0 ? `the value ${seedValue}, outside ${low} to ${high}` : `label ${seedLabel}`
    throw new DomainError('mask_seed_empty', { indexXyz: [...seedZyx].reverse().join(', '), found })
  }
  const belongs = async (brick: number) => {
    const inside = new Uint8Array(BRICK_VOXELS)
    const part = brickWithin(bricks, brick, within)
    if (!part) return inside
    const values = await asked.readValues(part, signal)
    const labels = bricks.read(brick)
    const [nz, ny, nx] = part.shapeZyx
    const [z0, y0, x0] = part.startZyx
    for (let z = 0, from = 0; z < nz; z++)
      for (let y = 0; y < ny; y++) {
        const at = offsetIn(z0 + z, y0 + y, x0)
        for (let x = 0; x < nx; x++, from++)
          if (labels[at + x] === 0 && values[from] >= low && values[from] <= high) inside[at + x] = 1
      }
    return inside
  }
  const most = asked.most ?? MOST_GROWN
  const flood = { seedZyx, connectivity: 6 as const, within, belongs, most, signal }
  return editor.edit({ name: 'grow', label: asked.label, over: 'background' }, async (writer) => {
    for (const [brick, bits] of await flooded(editor, flood)) writer.setBits(brick, bits, asked.label)
  })
}

/**
 * Gives the object under a voxel another label, or removes it: voxels of its label that touch by faces, edges or corners.
 * @throws {DomainError} `label_locked`, `mask_seed_empty` over background, `mask_region_too_large`, `canceled`
 */
export async function relabelObject(
  editor: MaskEditor,
  { label, seedZyx, most = MOST_GROWN, signal }: { label: number; seedZyx: Zyx; most?: number; signal?: Abort },
): Promise<MaskChange> {
  const { bricks, locked } = editor
  const found = bricks.at(...seedZyx)
  if (found === 0)
    throw new DomainError('mask_seed_empty', { indexXyz: [...seedZyx].reverse().join(', '), found: 'no label' })
  if (locked.has(found)) throw new DomainError('label_locked', { label: found })
  const belongs = async (brick: number) => {
    const inside = new Uint8Array(BRICK_VOXELS)
    const labels = bricks.read(brick)
    for (let i = 0; i < BRICK_VOXELS; i++) if (labels[i] === found) inside[i] = 1
    return inside
  }
  const within = { startZyx: [0, 0, 0] as const, shapeZyx: bricks.shapeZyx }
  const flood = { seedZyx, connectivity: 26 as const, within, belongs, most, signal }
  return editor.edit({ name: label === 0 ? 'delete object' : 'merge object', label }, async (writer) => {
    for (const [brick, bits] of await flooded(editor, flood)) writer.setBits(brick, bits, label)
  })
}

/** Gives all voxels of a label another; 0 removes it. @throws {DomainError} `label_locked` */
export async function relabel(editor: MaskEditor, from: number, to: number): Promise<MaskChange> {
  if (editor.locked.has(from)) throw new DomainError('label_locked', { label: from })
  return editor.edit({ name: to === 0 ? 'delete label' : 'relabel', label: to }, (writer) => {
    for (let brick = 0; brick < editor.bricks.numBricks; brick++) writer.relabelBrick(brick, from, to)
  })
}

async function flooded(editor: MaskEditor, request: FloodRequest): Promise<ReadonlyMap<number, Uint32Array>> {
  const outcome = await floodBricks(editor.bricks, request)
  if (outcome.state === 'canceled') throw new DomainError('canceled')
  if (outcome.state === 'too_many') throw new DomainError('mask_region_too_large', { most: request.most })
  return outcome.taken
}

function boxAround(seedZyx: Zyx, reachVox: number, shapeZyx: Zyx): VoxelBox {
  const start = seedZyx.map((at) => Math.max(0, at - reachVox))
  const shape = seedZyx.map((at, axis) => Math.min(shapeZyx[axis], at + reachVox + 1) - start[axis])
  return { startZyx: start as unknown as Zyx, shapeZyx: shape as unknown as Zyx }
}
