import { describe, expect, it } from 'vitest'
import { DomainError } from '../../errors/domain-error.ts'
import { numVoxels, type Zyx } from '../../volume/zyx.ts'
import { ComponentFinder } from '../components.ts'
import { downsampleLabels } from '../preview-rule.ts'
import { brush, fillInPlane, interpolateSlices, lasso } from './draw-operations.ts'
import type { PaintOver } from './edit-writer.ts'
import { LabelBricks } from './label-bricks.ts'
import { levelPatch } from './level-patch.ts'
import { boxOf, type MaskChange } from './mask-change.ts'
import { MaskEditor } from './mask-editor.ts'
import { planeAxes, type SliceAxis } from './plane-axes.ts'
import { growRegion, relabel, relabelObject } from './region-operations.ts'
import { thresholdMask } from './threshold-operation.ts'

/** Crosses borders of bricks along two axes; none of the three the same. */
const SHAPE: Zyx = [9, 70, 131]

function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648
    return state / 2147483648
  }
}

/** A mask with blobs of labels 1 to 3 and a few single voxels, as one plain array. */
function plainMask(random: () => number, shape: Zyx = SHAPE): Uint16Array {
  const out = new Uint16Array(numVoxels(shape))
  for (let blob = 0; blob < 12; blob++) {
    const label = 1 + Math.floor(random() * 3)
    const centre = shape.map((size) => random() * size)
    const radius = 2 + random() * 9
    eachVoxel(shape, (z, y, x, i) => {
      if (Math.hypot(z - centre[0], y - centre[1], x - centre[2]) < radius) out[i] = label
    })
  }
  for (let i = 0; i < 40; i++) out[Math.floor(random() * out.length)] = 300
  return out
}

function eachVoxel([nz, ny, nx]: Zyx, take: (z: number, y: number, x: number, i: number) => void): void {
  for (let z = 0, i = 0; z < nz; z++) for (let y = 0; y < ny; y++) for (let x = 0; x < nx; x++, i++) take(z, y, x, i)
}

function countsOf(labels: ArrayLike<number>): Map<number, number> {
  const counts = new Map<number, number>([[0, 0]])
  for (let i = 0; i < labels.length; i++) counts.set(labels[i], (counts.get(labels[i]) ?? 0) + 1)
  return counts
}

function editorOf(labels: Uint16Array, shape: Zyx = SHAPE, undoBytes?: number): MaskEditor {
  const bricks = new LabelBricks(shape)
  bricks.load([0, 0, 0], shape, labels)
  return new MaskEditor(bricks, countsOf(labels), undoBytes)
}

const all = ({ bricks }: MaskEditor) => bricks.readBox([0, 0, 0], bricks.shapeZyx)
const indexOf = ([, ny, nx]: Zyx, [z, y, x]: Zyx) => (z * ny + y) * nx + x
const may = (over: PaintOver, label: number) => over === 'any' || label === (over === 'background' ? 0 : over)

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'ok',
    (error) => (error instanceof DomainError ? error.code : String(error)),
  )
}

describe('LabelBricks', () => {
  it('reads back what was put in, whole and in boxes, also beyond 255 and across bricks', () => {
    const labels = plainMask(randomFrom(1))
    const { bricks } = editorOf(labels)
    expect(bricks.readBox([0, 0, 0], SHAPE)).toEqual(labels)
    const box = bricks.readBox([3, 50, 60], [4, 20, 71])
    eachVoxel([4, 20, 71], (z, y, x, i) => {
      if (box[i] !== labels[indexOf(SHAPE, [z + 3, y + 50, x + 60])]) throw new Error(`voxel ${z}, ${y}, ${x}`)
    })
    expect(bricks.at(3, 69, 130)).toBe(labels[indexOf(SHAPE, [3, 69, 130])])
  })

  it('keeps an empty volume of 16 GiB voxels in next to nothing', () => {
    const bricks = new LabelBricks([2048, 2048, 4096])
    expect(bricks.sizeBytes).toBe(0)
    expect(bricks.at(2047, 2047, 4095)).toBe(0)
  })

  it('refuses shapes without voxels', () => {
    expect(() => new LabelBricks([0, 5, 7])).toThrow(RangeError)
  })
})

describe('drawing', () => {
  it.each<[string, SliceAxis | null, Zyx]>([
    ['a disc in XY', 'z', [0, 5.5, 7.25]],
    ['a disc in XZ', 'y', [3.5, 0, 7.25]],
    ['a disc in YZ', 'x', [3.5, 5.5, 0]],
    ['a ball', null, [2, 6.5, 9]],
  ])('sets exactly the voxels within the radii of the path: %s', async (_name, axis, radius) => {
    for (const over of ['any', 'background', 2] as PaintOver[]) {
      const labels = plainMask(randomFrom(7))
      const editor = editorOf(labels)
      const path: Zyx[] = [
        [4, 60, 58],
        [4.4, 66, 70],
        [6, 80, 70],
      ]
      const change = await brush(editor, { label: 2, over, group: null, pathZyx: path, radiusZyx: radius })
      const flat = axis ? planeAxes(axis).across : -1
      const expected = labels.slice()
      eachVoxel(SHAPE, (z, y, x, i) => {
        if (may(over, labels[i]) && distanceTo(path, radius, flat, [z, y, x]) <= 1 + 1e-9) expected[i] = 2
      })
      expect(all(editor)).toEqual(expected)
      expect(editor.counts).toEqual(countsOf(expected))
      expect(change.numVoxels).toBe(expected.filter((label, i) => label !== labels[i]).length)
    }
  })

  it('draws one voxel with the smallest brush', async () => {
    const editor = editorOf(new Uint16Array(numVoxels(SHAPE)))
    await brush(editor, { label: 9, over: 'any', group: null, pathZyx: [[3, 64, 127]], radiusZyx: [0, 0.5, 0.5] })
    expect(editor.counts).toEqual(
      new Map([
        [0, numVoxels(SHAPE) - 1],
        [9, 1],
      ]),
    )
    expect(editor.bricks.at(3, 64, 127)).toBe(9)
  })

  it('fills what is connected by edges in the slice and has the label of the seed', async () => {
    const random = randomFrom(11)
    for (const axis of ['x', 'y', 'z'] as const)
      for (let turn = 0; turn < 4; turn++) {
        const labels = plainMask(random)
        const editor = editorOf(labels)
        const seed = SHAPE.map((size) => Math.floor(random() * size)) as unknown as Zyx
        await fillInPlane(editor, { label: 5, axis, seedZyx: seed })
        expect(all(editor)).toEqual(naiveFill(labels, seed, planeAxes(axis).across))
      }
  })

  it('refuses a fill of more voxels than allowed, and changes nothing', async () => {
    const labels = plainMask(randomFrom(3))
    const editor = editorOf(labels)
    expect(await codeOf(fillInPlane(editor, { label: 5, axis: 'z', seedZyx: [0, 0, 0] }, 50))).toBe(
      'mask_region_too_large',
    )
    expect(all(editor)).toEqual(labels)
    expect(editor.history.undoName).toBeNull()
  })

  it('takes the voxels whose centre is inside the lasso', async () => {
    const polygon: [number, number][] = [
      [2.5, 1.5],
      [60.2, -3],
      [40, 8.4],
      [66, 30],
      [5, 20],
    ]
    for (const axis of ['x', 'y', 'z'] as const) {
      const labels = plainMask(randomFrom(5))
      const editor = editorOf(labels)
      await lasso(editor, { label: 0, over: 'any', axis, index: 4, polygon })
      const { across, rows, columns } = planeAxes(axis)
      const expected = labels.slice()
      eachVoxel(SHAPE, (z, y, x, i) => {
        const at = [z, y, x]
        if (at[across] === 4 && isInside(polygon, at[columns], at[rows])) expected[i] = 0
      })
      expect(all(editor)).toEqual(expected)
    }
  })

  it('shares no voxel between two lassos with a common edge through voxel centres, and leaves none out', async () => {
    const editor = editorOf(new Uint16Array(numVoxels(SHAPE)))
    const left: [number, number][] = [
      [10, 10],
      [20, 10],
      [20, 20],
      [10, 20],
    ]
    const right: [number, number][] = [
      [20, 10],
      [31, 10],
      [31, 20],
      [20, 20],
    ]
    await lasso(editor, { label: 1, over: 'any', axis: 'z', index: 1, polygon: left })
    await lasso(editor, { label: 2, over: 'any', axis: 'z', index: 1, polygon: right })
    expect(editor.counts.get(1)).toBe(100)
    expect(editor.counts.get(2)).toBe(110)
  })
})

describe('going between slices', () => {
  it.each<[SliceAxis, Zyx]>([
    ['z', [21, 40, 75]],
    ['y', [40, 21, 75]],
    ['x', [40, 75, 21]],
  ])('makes a cone of two discs along %s, with the volume that it has', async (axis, shape) => {
    const editor = editorOf(new Uint16Array(numVoxels(shape)), shape)
    const { across, rows, columns } = planeAxes(axis)
    const disc = (index: number, radius: number) => {
      const centre = [0, 0, 0]
      centre[across] = index
      centre[rows] = 20
      centre[columns] = 30
      const radiusZyx = [radius, radius, radius]
      radiusZyx[across] = 0
      const pathZyx = [centre as unknown as Zyx]
      return brush(editor, { label: 3, over: 'any', group: null, pathZyx, radiusZyx: radiusZyx as unknown as Zyx })
    }
    await disc(2, 14.4)
    await disc(18, 6.4)
    await interpolateSlices(editor, { label: 3, axis, index: 10, spacingZyx: [1, 1, 1] })
    const perSlice = new Array<number>(21).fill(0)
    const found = all(editor)
    eachVoxel(shape, (z, y, x, i) => {
      if (found[i] === 3) perSlice[[z, y, x][across]]++
    })
    for (let index = 3; index < 18; index++) {
      const radius = 14.4 + ((index - 2) / 16) * (6.4 - 14.4)
      expect(perSlice[index] / (Math.PI * radius ** 2)).toBeGreaterThan(0.9)
      expect(perSlice[index] / (Math.PI * radius ** 2)).toBeLessThan(1.1)
    }
    expect(perSlice[1] + perSlice[19]).toBe(0)
  })

  it('follows a shape that moves away, and keeps what other labels hold', async () => {
    const shape: Zyx = [11, 40, 90]
    const editor = editorOf(new Uint16Array(numVoxels(shape)), shape)
    const disc = (label: number, z: number, x: number) =>
      brush(editor, { label, over: 'any', group: null, pathZyx: [[z, 20, x]], radiusZyx: [0, 6, 6] })
    await disc(1, 0, 12)
    await disc(1, 10, 72)
    await disc(2, 5, 42)
    await interpolateSlices(editor, { label: 1, axis: 'z', index: 5, spacingZyx: [1, 1, 1] })
    expect(editor.bricks.at(5, 20, 42)).toBe(2)
    expect(editor.bricks.at(3, 20, 30)).toBe(1)
    expect(editor.bricks.at(8, 20, 60)).toBe(1)
  })

  it('says when the label is on one side only', async () => {
    const editor = editorOf(plainMask(randomFrom(3)))
    const asked = { label: 77, axis: 'z' as const, index: 4, spacingZyx: [1, 1, 1] as Zyx }
    expect(await codeOf(interpolateSlices(editor, asked))).toBe('mask_slices_missing')
  })
})

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

describe('locked labels', () => {
  it('keep every voxel and get none, whatever is done', async () => {
    const random = randomFrom(61)
    const labels = plainMask(random)
    const editor = editorOf(labels)
    editor.locked.add(1)
    for (let turn = 0; turn < 30; turn++) await randomOperation(editor, random).catch(ignoreRefusal)
    const found = all(editor)
    expect(found).not.toEqual(labels)
    for (let i = 0; i < labels.length; i++) if ((found[i] === 1) !== (labels[i] === 1)) throw new Error(`voxel ${i}`)
    expect(await codeOf(relabel(editor, 1, 2))).toBe('label_locked')
    expect(await codeOf(relabel(editor, 2, 1))).toBe('label_locked')
  })
})

describe('undo and redo', () => {
  it('bring back the same bits and counts over random sequences of all operations', async () => {
    for (const seed of [1, 2, 3]) {
      const random = randomFrom(seed * 1000)
      const editor = editorOf(plainMask(random))
      const states = [all(editor)]
      while (states.length < 12) {
        const change = await randomOperation(editor, random).catch(ignoreRefusal)
        if (change && change.bricks.length > 0) states.push(all(editor))
      }
      for (let round = 0; round < 3; round++) {
        const back = 1 + Math.floor(random() * (states.length - 1))
        for (let i = 0; i < back; i++) editor.undo()
        expect(all(editor)).toEqual(states[states.length - 1 - back])
        expect(editor.counts).toEqual(countsOf(states[states.length - 1 - back]))
        for (let i = 0; i < back; i++) editor.redo()
        expect(all(editor)).toEqual(states[states.length - 1])
      }
      while (editor.undo());
      expect(all(editor)).toEqual(states[0])
    }
  })

  it('take the parts of one stroke back together', async () => {
    const labels = plainMask(randomFrom(71))
    const editor = editorOf(labels)
    for (const [group, y] of [
      ['a', 10],
      ['b', 20],
      ['b', 30],
      ['b', 40],
    ] as const)
      await brush(editor, { label: 4, over: 'any', group, pathZyx: [[4, y, 64]], radiusZyx: [0, 4, 4] })
    editor.undo()
    expect(editor.bricks.at(4, 10, 64)).toBe(4)
    for (const y of [20, 30, 40]) expect(editor.bricks.at(4, y, 64)).toBe(labels[indexOf(SHAPE, [4, y, 64])])
    editor.redo()
    expect([20, 30, 40].map((y) => editor.bricks.at(4, y, 64))).toEqual([4, 4, 4])
  })

  it('forget what was undone once something else is done', async () => {
    const editor = editorOf(plainMask(randomFrom(72)))
    await relabel(editor, 1, 2)
    editor.undo()
    await relabel(editor, 2, 3)
    expect(editor.redo()).toBeNull()
  })

  it('stay within their bound on memory, the oldest steps going first', async () => {
    const random = randomFrom(81)
    const mostBytes = 30_000
    const editor = editorOf(plainMask(random), SHAPE, mostBytes)
    let largest = 0
    for (let turn = 0; turn < 60; turn++) {
      await randomOperation(editor, random).catch(ignoreRefusal)
      largest = Math.max(largest, editor.history.sizeBytes)
    }
    expect(largest).toBeGreaterThan(mostBytes / 2)
    expect(largest).toBeLessThanOrEqual(mostBytes)
    const now = all(editor)
    let steps = 0
    while (editor.undo()) steps++
    expect(steps).toBeGreaterThan(0)
    expect(editor.history.sizeBytes).toBeLessThanOrEqual(mostBytes)
    while (editor.redo());
    expect(all(editor)).toEqual(now)
  })
})

describe('levelPatch', () => {
  it('is the same as that part of the level of the whole mask, for every bin', async () => {
    const random = randomFrom(91)
    const editor = editorOf(plainMask(random))
    for (const bin of [1, 2, 3, 4, 8]) {
      const change = await randomOperation(editor, random).catch(ignoreRefusal)
      const box = (change && boxOf(change)) ?? { startZyx: [2, 61, 62] as Zyx, shapeZyx: [5, 6, 66] as Zyx }
      const whole = downsampleLabels(all(editor), SHAPE, bin)
      const grid = SHAPE.map((size) => Math.ceil(size / bin)) as unknown as Zyx
      const patch = levelPatch(editor.bricks, box, bin)
      eachVoxel(patch.shapeZyx, (z, y, x, i) => {
        const at = indexOf(grid, [z + patch.startZyx[0], y + patch.startZyx[1], x + patch.startZyx[2]])
        if (patch.labels[i] !== whole[at]) throw new Error(`bin ${bin}: voxel ${z}, ${y}, ${x}`)
      })
    }
  })
})

function ignoreRefusal(error: unknown): null {
  if (error instanceof DomainError) return null
  throw error
}

/** One operation of any kind at a random place. */
async function randomOperation(editor: MaskEditor, random: () => number): Promise<MaskChange | null> {
  const whole = (most: number) => Math.floor(random() * most)
  const voxel = () => editor.bricks.shapeZyx.map(whole) as unknown as Zyx
  const axis = (['x', 'y', 'z'] as const)[whole(3)]
  const { across, rows, columns } = planeAxes(axis)
  const label = whole(4)
  const radius = [1 + random() * 8, 1 + random() * 8, 1 + random() * 8]
  const over = (['any', 'background', 2] as const)[whole(3)]
  switch (whole(7)) {
    case 0:
      radius[across] = 0
      return brush(editor, { label, over, group: null, pathZyx: [voxel()], radiusZyx: radius as unknown as Zyx })
    case 1:
      return brush(editor, {
        label,
        over,
        group: null,
        pathZyx: [voxel(), voxel()],
        radiusZyx: radius as unknown as Zyx,
      })
    case 2:
      return fillInPlane(editor, { label, axis, seedZyx: voxel() }, 3000)
    case 3: {
      const corner = () =>
        [random() * editor.bricks.shapeZyx[columns], random() * editor.bricks.shapeZyx[rows]] as const
      const index = whole(editor.bricks.shapeZyx[across])
      return lasso(editor, { label, over, axis, index, polygon: [corner(), corner(), corner(), corner()] })
    }
    case 4:
      return relabelObject(editor, { label, seedZyx: voxel() })
    case 5:
      return relabel(editor, 1 + whole(3), label)
    default:
      return interpolateSlices(editor, { label: 1 + whole(3), axis: 'z', index: 4, spacingZyx: [2, 1, 1] })
  }
}

function distanceTo(path: readonly Zyx[], radius: Zyx, flat: number, at: Zyx): number {
  if (flat >= 0 && at[flat] !== path[0][flat]) return Number.POSITIVE_INFINITY
  let nearest = Number.POSITIVE_INFINITY
  for (let i = 0; i + 1 < path.length; i++) {
    const axes = [0, 1, 2].filter((axis) => axis !== flat)
    const along = axes.map((axis) => (path[i + 1][axis] - path[i][axis]) / radius[axis])
    const from = axes.map((axis) => (at[axis] - path[i][axis]) / radius[axis])
    const length = along.reduce((sum, one) => sum + one * one, 0)
    const t =
      length === 0 ? 0 : Math.min(1, Math.max(0, along.reduce((sum, one, k) => sum + one * from[k], 0) / length))
    nearest = Math.min(
      nearest,
      from.reduce((sum, one, k) => sum + (one - t * along[k]) ** 2, 0),
    )
  }
  return nearest
}

function isInside(polygon: readonly [number, number][], column: number, row: number): boolean {
  let crossings = 0
  for (let i = 0; i < polygon.length; i++) {
    const [[c0, r0], [c1, r1]] = [polygon[i], polygon[(i + 1) % polygon.length]]
    if (r0 <= row !== r1 <= row && c0 + ((row - r0) / (r1 - r0)) * (c1 - c0) <= column) crossings++
  }
  return crossings % 2 === 1
}

/** A voxel with only background around it, near the border of two bricks. */
function openPlace(labels: Uint16Array): Zyx {
  for (let y = 10; y < 60; y++) {
    const around = [-3, -2, -1, 0, 1, 2, 3].flatMap((dy) => [-1, 0, 1].map((dx): Zyx => [4, y + dy, 64 + dx]))
    if (around.every((at) => labels[indexOf(SHAPE, at)] === 0)) return [4, y, 64]
  }
  throw new Error('no open place')
}

const FACES: Zyx[] = [
  [1, 0, 0],
  [-1, 0, 0],
  [0, 1, 0],
  [0, -1, 0],
  [0, 0, 1],
  [0, 0, -1],
]

function naiveFlood(seed: Zyx, steps: Zyx[], belongs: (at: Zyx, i: number) => boolean): Set<number> {
  const found = new Set<number>()
  const waiting = [seed]
  for (let at = waiting.pop(); at; at = waiting.pop()) {
    if (at.some((one, axis) => one < 0 || one >= SHAPE[axis])) continue
    const i = indexOf(SHAPE, at)
    if (found.has(i) || !belongs(at, i)) continue
    found.add(i)
    for (const [dz, dy, dx] of steps) waiting.push([at[0] + dz, at[1] + dy, at[2] + dx])
  }
  return found
}

function naiveFill(labels: Uint16Array, seed: Zyx, across: number): Uint16Array {
  const steps = FACES.filter((step) => step[across] === 0)
  const found = naiveFlood(seed, steps, (_at, i) => labels[i] === labels[indexOf(SHAPE, seed)])
  return labels.map((label, i) => (found.has(i) ? 5 : label))
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
