import { describe, expect, it } from 'vitest'
import {
  all,
  codeOf,
  countsOf,
  eachVoxel,
  editorOf,
  FACES,
  indexOf,
  naiveFlood,
  plainMask,
  randomFrom,
  SHAPE,
} from '../../../build/test-support/edit-masks.ts'
import { numVoxels, type Zyx } from '../../volume/zyx.ts'
import { ComponentFinder } from '../components.ts'
import { growRegion, relabel, relabelObject } from './region-operations.ts'
import { thresholdMask } from './threshold-operation.ts'

describe('regions', () => {
  it('grows through the background within a range of values, by faces, as far as it may', async () => {
    const random = randomFrom(21)
    const labels = plainMask(random)
    const values = Float32Array.from(labels, () => random())
    const seed = openPlace(labels)
    values[indexOf(SHAPE, seed)] = 0.5
    const readValues = async ({ startZyx, shapeZyx }: { startZyx: Zyx; shapeZyx: Zyx }) => {
      const out = new Float32Array(numVoxels(shapeZyx))
      eachVoxel(shapeZyx, (z, y, x, i) => {
        out[i] = values[indexOf(SHAPE, [z + startZyx[0], y + startZyx[1], x + startZyx[2]])]
      })
      return out
    }
    for (const reachVox of [2, 9, 200]) {
      const editor = editorOf(labels)
      await growRegion(editor, { label: 8, seedZyx: seed, low: 0.2, high: 0.9, reachVox, readValues })
      const expected = naiveGrow(labels, seed, reachVox, (i) => values[i] >= 0.2 && values[i] <= 0.9)
      expect(all(editor)).toEqual(expected)
      expect(expected.includes(8)).toBe(true)
    }
    const editor = editorOf(labels)
    const asked = { label: 8, seedZyx: seed, low: 0.2, high: 0.9, reachVox: 200, readValues }
    expect(await codeOf(growRegion(editor, { ...asked, most: 100 }))).toBe('mask_region_too_large')
    expect(await codeOf(growRegion(editor, { ...asked, signal: { aborted: true } }))).toBe('canceled')
    expect(await codeOf(growRegion(editor, { ...asked, low: 0.6 }))).toBe('mask_seed_empty')
    expect(all(editor)).toEqual(labels)
  })

  it('deletes or merges the object under a voxel, with its corners, and no other of its label', async () => {
    const random = randomFrom(31)
    for (let turn = 0; turn < 6; turn++) {
      const labels = plainMask(random)
      const filled = [...labels.keys()].filter((i) => labels[i] !== 0)
      const at = filled[Math.floor(random() * filled.length)]
      const seed: Zyx = [Math.floor(at / (70 * 131)), Math.floor(at / 131) % 70, at % 131]
      for (const label of [0, 2]) {
        const editor = editorOf(labels)
        await relabelObject(editor, { label, seedZyx: seed })
        const ids = objectIds(labels)
        expect(all(editor)).toEqual(labels.map((value, i) => (ids[i] === ids[at] ? label : value)))
      }
    }
    expect(
      await codeOf(relabelObject(editorOf(new Uint16Array(numVoxels(SHAPE))), { label: 1, seedZyx: [0, 0, 0] })),
    ).toBe('mask_seed_empty')
  })

  it('gives all voxels of a label another', async () => {
    const labels = plainMask(randomFrom(41))
    const editor = editorOf(labels)
    await relabel(editor, 2, 300)
    expect(all(editor)).toEqual(labels.map((label) => (label === 2 ? 300 : label)))
  })

  it('makes the mask anew from probability and candidate, without small objects', async () => {
    const random = randomFrom(51)
    const labels = plainMask(random)
    const candidate = plainMask(random)
    const probability = Uint8Array.from(labels, () => Math.floor(random() * 256))
    const [, ny, nx] = SHAPE
    const planes = {
      probability: async (z: number) => probability.subarray(z * ny * nx, (z + 1) * ny * nx),
      candidate: async (z: number) => candidate.subarray(z * ny * nx, (z + 1) * ny * nx),
    }
    for (const smallestObjectVoxels of [0, 12]) {
      const editor = editorOf(labels)
      editor.locked.add(3)
      await thresholdMask(editor, planes, { threshold: 0.6, smallestObjectVoxels })
      const made = candidate.map((label, i) => (probability[i] / 255 >= 0.6 ? label : 0))
      const ids = objectIds(made)
      const sizes = countsOf(ids)
      const kept = made.map((label, i) => ((sizes.get(ids[i]) ?? 0) >= smallestObjectVoxels ? label : 0))
      expect(all(editor)).toEqual(labels.map((label, i) => (label === 3 || kept[i] === 3 ? label : kept[i])))
      expect(editor.counts.get(3)).toBe(countsOf(labels).get(3))
      editor.undo()
      expect(all(editor)).toEqual(labels)
    }
  })
})

/** A voxel with only background around it, near the border of two bricks. */
function openPlace(labels: Uint16Array): Zyx {
  for (let y = 10; y < 60; y++) {
    const around = [-3, -2, -1, 0, 1, 2, 3].flatMap((dy) => [-1, 0, 1].map((dx): Zyx => [4, y + dy, 64 + dx]))
    if (around.every((at) => labels[indexOf(SHAPE, at)] === 0)) return [4, y, 64]
  }
  throw new Error('no open place')
}

function naiveGrow(labels: Uint16Array, seed: Zyx, reach: number, isInRange: (i: number) => boolean): Uint16Array {
  const isNear = (at: Zyx) => at.every((one, axis) => Math.abs(one - seed[axis]) <= reach)
  const found = naiveFlood(seed, FACES, (at, i) => isNear(at) && labels[i] === 0 && isInRange(i))
  return labels.map((label, i) => (found.has(i) ? 8 : label))
}

function objectIds(labels: Uint16Array): Uint32Array {
  const [nz, ny, nx] = SHAPE
  const plane = (z: number) => labels.subarray(z * ny * nx, (z + 1) * ny * nx)
  const finder = new ComponentFinder(SHAPE)
  for (let z = 0; z < nz; z++) finder.add(plane(z))
  const second = finder.secondPass()
  const ids = new Uint32Array(labels.length)
  for (let z = 0; z < nz; z++) ids.set(second.next(plane(z)), z * ny * nx)
  return ids
}
