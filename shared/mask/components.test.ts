import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Zyx } from '../volume/zyx.ts'
import { ComponentFinder, filterPlane, keepLargest, type MaskComponent, removeSmallerThan } from './components.ts'
import type { Connectivity } from './plane-scan.ts'

const PYTHON = '/usr/bin/python3'
const hasScipy = existsSync(PYTHON) && spawnSync(PYTHON, ['-c', 'import scipy.ndimage']).status === 0

function planesOf(volume: Uint8Array, [nz, ny, nx]: Zyx): Uint8Array[] {
  return Array.from({ length: nz }, (_, z) => volume.subarray(z * ny * nx, (z + 1) * ny * nx))
}

function find(volume: Uint8Array, shapeZyx: Zyx, connectivity: Connectivity) {
  const finder = new ComponentFinder(shapeZyx, connectivity)
  for (const plane of planesOf(volume, shapeZyx)) finder.add(plane)
  const second = finder.secondPass()
  const ids = planesOf(volume, shapeZyx).flatMap((plane) => [...second.next(plane)])
  return { finder, components: finder.components(), ids }
}

/** Same answer by a plain flood fill over the whole volume. */
function floodFill(volume: Uint8Array, shapeZyx: Zyx, connectivity: Connectivity) {
  const [nz, ny, nx] = shapeZyx
  const ids = new Array<number>(volume.length).fill(0)
  const components: MaskComponent[] = []
  for (let seed = 0; seed < volume.length; seed++) {
    if (volume[seed] === 0 || ids[seed] !== 0) continue
    const id = components.length + 1
    const points: number[][] = []
    const stack = [seed]
    ids[seed] = id
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      const [z, y, x] = [Math.floor(at / (ny * nx)), Math.floor(at / nx) % ny, at % nx]
      points.push([z, y, x])
      for (let n = 0; n < 27; n++) {
        const [dz, dy, dx] = [Math.floor(n / 9) - 1, (Math.floor(n / 3) % 3) - 1, (n % 3) - 1]
        if (connectivity === 6 && Math.abs(dz) + Math.abs(dy) + Math.abs(dx) > 1) continue
        const [qz, qy, qx] = [z + dz, y + dy, x + dx]
        if (qz < 0 || qy < 0 || qx < 0 || qz >= nz || qy >= ny || qx >= nx) continue
        const to = (qz * ny + qy) * nx + qx
        if (ids[to] !== 0 || volume[to] !== volume[seed]) continue
        ids[to] = id
        stack.push(to)
      }
    }
    const column = (axis: number) => points.map((point) => point[axis])
    const start = [0, 1, 2].map((axis) => Math.min(...column(axis)))
    const shape = [0, 1, 2].map((axis) => Math.max(...column(axis)) - start[axis] + 1)
    const centroid = [0, 1, 2].map((axis) => column(axis).reduce((sum, value) => sum + value, 0) / points.length)
    components.push({
      label: volume[seed],
      id,
      voxels: points.length,
      boundingBoxZyx: { start: start as unknown as Zyx, shape: shape as unknown as Zyx },
      centroidZyx: centroid as unknown as Zyx,
    })
  }
  return { components, ids }
}

function random(seed: number) {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

function randomLabels(shapeZyx: Zyx, seed: number, filled: number, numLabels: number): Uint8Array {
  const next = random(seed)
  return Uint8Array.from({ length: shapeZyx[0] * shapeZyx[1] * shapeZyx[2] }, () =>
    next() < filled ? 1 + Math.floor(next() * numLabels) : 0,
  )
}

describe('ComponentFinder', () => {
  it('joins voxels across an edge with 26 neighbours and not with 6, and never two labels', () => {
    // biome-ignore format: two planes of 3 × 4 voxels
    const volume = Uint8Array.from([
      1, 1, 0, 0,
      0, 0, 1, 0,
      0, 0, 0, 2,

      0, 0, 0, 0,
      0, 0, 1, 0,
      3, 0, 0, 2,
    ])
    const six = find(volume, [2, 3, 4], 6).components
    expect(six.map(({ label, voxels }) => [label, voxels])).toEqual([
      [1, 2],
      [1, 2],
      [2, 2],
      [3, 1],
    ])
    const { components, ids } = find(volume, [2, 3, 4], 26)
    expect(components[0]).toEqual({
      label: 1,
      id: 1,
      voxels: 4,
      boundingBoxZyx: { start: [0, 0, 0], shape: [2, 2, 3] },
      centroidZyx: [0.25, 0.5, 1.25],
    })
    expect(ids.slice(12)).toEqual([0, 0, 0, 0, 0, 0, 1, 0, 3, 0, 0, 2])
  })

  it('joins the arms of a U that meet only in the last plane', () => {
    const volume = Uint8Array.from([1, 0, 1, 1, 0, 1, 1, 1, 1])
    expect(find(volume, [3, 1, 3], 6).components).toMatchObject([{ id: 1, voxels: 7 }])
  })

  it('finds what a flood fill finds in random volumes, whatever their shape', () => {
    let seed = 1
    for (const shape of [
      [1, 1, 1],
      [1, 5, 7],
      [3, 5, 7],
      [7, 1, 4],
      [6, 9, 1],
      [8, 11, 13],
    ] as Zyx[])
      for (const connectivity of [6, 26] as const)
        for (const filled of [0, 0.1, 0.35, 0.6, 1])
          for (const numLabels of [1, 3]) {
            const volume = randomLabels(shape, seed++, filled, numLabels)
            const { components, ids } = find(volume, shape, connectivity)
            const expected = floodFill(volume, shape, connectivity)
            expect(ids).toEqual(expected.ids)
            expect(components.length).toBe(expected.components.length)
            components.forEach((one, i) => {
              const { centroidZyx, ...exact } = one
              expect(exact).toEqual({ ...expected.components[i], centroidZyx: undefined })
              for (const axis of [0, 1, 2])
                expect(centroidZyx[axis]).toBeCloseTo(expected.components[i].centroidZyx[axis], 9)
            })
          }
  })

  it.skipIf(!hasScipy)('gives the ids of scipy.ndimage.label (skipped without scipy)', () => {
    const shape: Zyx = [17, 23, 31]
    for (const [connectivity, order] of [
      [6, 1],
      [26, 3],
    ] as const) {
      const volume = randomLabels(shape, 99, connectivity === 6 ? 0.3 : 0.08, 1)
      const script = `import sys, numpy, scipy.ndimage as n
a = numpy.frombuffer(sys.stdin.buffer.read(), 'u1').reshape(${shape.join()})
sys.stdout.buffer.write(n.label(a, n.generate_binary_structure(3, ${order}))[0].astype('<u4').tobytes())`
      const { stdout } = spawnSync(PYTHON, ['-c', script], { input: volume, maxBuffer: 1 << 24 })
      const scipy = new Uint32Array(Uint8Array.from(stdout).buffer)
      expect(find(volume, shape, connectivity).ids).toEqual([...scipy])
    }
  })

  it('refuses planes of another size, too many, too few, and other planes in the second pass', () => {
    const finder = new ComponentFinder([2, 1, 3])
    expect(() => finder.add([1, 1])).toThrow(RangeError)
    finder.add([1, 0, 2])
    expect(() => finder.components()).toThrow(RangeError)
    expect(() => finder.secondPass()).toThrow(RangeError)
    finder.add([0, 0, 2])
    expect(() => finder.add([0, 0, 0])).toThrow(RangeError)
    expect(() => finder.secondPass().next([2, 0, 1])).toThrow(RangeError)
    expect(() => new ComponentFinder([0, 1, 1])).toThrow(RangeError)
  })
})

describe('filters', () => {
  const shape: Zyx = [1, 2, 7]
  const volume = Uint8Array.from([1, 1, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 0, 2])
  const filtered = (keep: (id: number) => boolean) => {
    const plane = volume.slice()
    filterPlane(plane, Uint32Array.from(find(volume, shape, 6).ids), keep)
    return [...plane]
  }
  const { components } = find(volume, shape, 6)

  it('keeps the first of the largest objects of each label, or of the labels named', () => {
    expect(filtered(keepLargest(components))).toEqual([1, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0])
    expect(filtered(keepLargest(components, [2]))).toEqual([1, 1, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 0, 0])
  })

  it('removes objects below a size, and keeps those of exactly that size', () => {
    expect(filtered(removeSmallerThan(components, 2))).toEqual([1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0])
    expect(filtered(removeSmallerThan(components, 2, [1]))).toEqual([1, 1, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 0, 2])
    expect(filtered(removeSmallerThan(components, 0))).toEqual([...volume])
  })
})
