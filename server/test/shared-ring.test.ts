import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Zyx } from '../../shared/volume/zyx.ts'
import { type Ring, RingAccumulator } from '../inference/ring-accumulator.ts'
import { hasCompiledServer } from './real-server.ts'

const DIST = path.join(import.meta.dirname, '../../dist/server/inference/shared-ring.js')
const PATCH: Zyx = [5, 4, 7]
const PLANE = [9, 16] as const
const CHANNELS = 3
const LENGTH = CHANNELS * 5 * 4 * 7
/** Where tiles begin, in their order: rows overlap, and the ring goes round. */
const STARTS: Zyx[] = [0, 2, 5, 7].flatMap((z) => [0, 3, 5].flatMap((y) => [0, 4, 9].map((x): Zyx => [z, y, x])))

function noise(length: number, seed: number): Float32Array {
  let state = seed
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}

const shapeWith = (strides: Zyx) => ({ numChannels: CHANNELS, patchZyx: PATCH, strides, planeShapeYx: PLANE })
const WEIGHTS = noise(5 * 4 * 7, 7)

/** Every plane as it is when its row of tiles is through. */
async function run(ring: Ring): Promise<Float32Array[]> {
  const planes: Float32Array[] = []
  for (const [i, start] of STARTS.entries()) {
    await ring.add(noise(LENGTH, i), WEIGHTS, start)
    const next = STARTS[i + 1]?.[0] ?? 12
    for (let z = start[0]; z < next; z++) {
      planes.push(Float32Array.from(await ring.plane(z)))
      await ring.clear(z)
    }
  }
  return planes
}

describe.runIf(hasCompiledServer)('sums of tiles made by threads', () => {
  /** The compiled program: threads are started from it. */
  async function sharedRing(numWorkers: number, strides: Zyx) {
    const { SharedRing }: typeof import('../inference/shared-ring.ts') = await import(DIST)
    return new SharedRing(numWorkers, shapeWith(strides), WEIGHTS)
  }

  it.each([
    [1, [28, 7, 1]],
    [2, [28, 7, 1]],
    [3, [28, 7, 1]],
    [2, [1, 35, 5]],
  ] as [number, Zyx][])('%i of them, strides %j, are those of one thread, bit for bit', async (numWorkers, strides) => {
    const alone = await run(new RingAccumulator(shapeWith(strides)))
    const ring = await sharedRing(numWorkers, strides)
    const together = await run(ring)
    await ring.close()
    expect(together.length).toBe(12)
    for (const [z, plane] of alone.entries())
      expect(Buffer.from(together[z].buffer).equals(Buffer.from(plane.buffer)), `plane ${z}`).toBe(true)
  })

  it('an add after the end, and one that is under way then, are refused, not left waiting', async () => {
    const ring = await sharedRing(2, [28, 7, 1])
    await ring.add(noise(LENGTH, 1), WEIGHTS, [0, 0, 0])
    await ring.close()
    await ring.add(noise(LENGTH, 2), WEIGHTS, [0, 0, 0])
    await expect(ring.plane(0)).rejects.toThrow('closed')
  })
})
