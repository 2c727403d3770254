import { describe, expect, it } from 'vitest'
import type { Zyx } from '../../shared/volume/zyx.ts'
import { makeRingStore, RingPlanes, type RingShape, type RingStore } from './ring-planes.ts'

function noise(length: number, seed: number): Float32Array {
  let state = seed
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}

function shapeOf(patchZyx: Zyx, strides?: Zyx): RingShape {
  const [, py, px] = patchZyx
  const planeShapeYx = [py + 5, px + 3] as const
  return { numChannels: 2, patchZyx, strides: strides ?? [py * px, px, 1], planeShapeYx }
}

/** A store without a kernel, as on a processor that has no vectors. */
function plainStore({ numChannels, patchZyx, planeShapeYx }: RingShape): RingStore {
  const bytes = 4 * numChannels * planeShapeYx[0] * planeShapeYx[1]
  return { kind: 'plain', buffers: Array.from({ length: patchZyx[0] }, () => new SharedArrayBuffer(bytes)) }
}

/** As many memories as planes. */
function spreadStore(shape: RingShape): RingStore {
  const one = { ...shape, patchZyx: [1, shape.patchZyx[1], shape.patchZyx[2]] as const }
  const stores = Array.from({ length: shape.patchZyx[0] }, () => makeRingStore(one, 1))
  return {
    kind: 'kernel',
    memories: stores.flatMap((store) => (store.kind === 'kernel' ? store.memories : [])),
    planesPerMemory: 1,
  }
}

/** All planes after a few tiles that overlap. */
function sums(shape: RingShape, store: RingStore): Float32Array[] {
  const planes = new RingPlanes(shape, store, 0, 1)
  const [pz, py, px] = shape.patchZyx
  const weights = noise(pz * py * px, 99)
  const starts: Zyx[] = [
    [0, 0, 0],
    [1, 2, 3],
    [3, 5, 1],
  ]
  for (const [i, start] of starts.entries()) {
    const output = noise(2 * pz * py * px, i)
    for (let z = 0; z < pz; z++) planes.add(output, weights, start, z)
  }
  return Array.from({ length: pz }, (_, z) => Float32Array.from(planes.plane(z)))
}

describe('planes of a ring', () => {
  const patches: [Zyx, Zyx?][] = [
    [[4, 6, 16]],
    [[3, 5, 1]],
    [[3, 5, 7]],
    [[2, 3, 67]],
    [
      [5, 4, 9],
      [1, 45, 5],
    ],
    [
      [5, 4, 9],
      [9, 45, 1],
    ],
  ]

  it.each(patches)(
    'of patches %j with strides %j get the same bits with vectors, in one memory or many, and without',
    (patch, strides) => {
      const shape = shapeOf(patch, strides)
      const store = makeRingStore(shape, 1)
      expect(store.kind).toBe('kernel')
      const expected = sums(shape, plainStore(shape))
      expect(expected.some((plane) => plane.some((value) => value !== 0))).toBe(true)
      expect(sums(shape, store)).toEqual(expected)
      expect(sums(shape, spreadStore(shape))).toEqual(expected)
    },
  )

  it('adds what torch adds: product and sum rounded to float32 one after the other', () => {
    const shape = { ...shapeOf([1, 1, 4]), numChannels: 1, planeShapeYx: [1, 4] as const }
    const planes = new RingPlanes(shape, makeRingStore(shape, 1), 0, 1)
    const [a, b] = [Float32Array.of(1 + 2 ** -23, 3, 0.1, 1e-30), Float32Array.of(1 + 2 ** -22, 1 / 3, 0.7, 1e-30)]
    for (let i = 0; i < 3; i++) planes.add(a, b, [0, 0, 0], 0)
    const expected = a.map((value, i) => {
      const product = Math.fround(value * b[i])
      return Math.fround(Math.fround(product + product) + product)
    })
    expect(planes.plane(0)).toEqual(expected)
  })
})
