import { describe, expect, it } from 'vitest'
import {
  all,
  codeOf,
  countsOf,
  eachVoxel,
  editorOf,
  FACES,
  indexOf,
  may,
  naiveFlood,
  plainMask,
  randomFrom,
  SHAPE,
} from '../../../build/test-support/edit-masks.ts'
import { numVoxels, type Zyx } from '../../volume/zyx.ts'
import { brush, fillInPlane, interpolateSlices, lasso } from './draw-operations.ts'
import type { PaintOver } from './edit-writer.ts'
import { planeAxes, type SliceAxis } from './plane-axes.ts'

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

function naiveFill(labels: Uint16Array, seed: Zyx, across: number): Uint16Array {
  const steps = FACES.filter((step) => step[across] === 0)
  const found = naiveFlood(seed, steps, (_at, i) => labels[i] === labels[indexOf(SHAPE, seed)])
  return labels.map((label, i) => (found.has(i) ? 5 : label))
}
