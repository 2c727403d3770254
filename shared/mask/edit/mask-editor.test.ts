import { describe, expect, it } from 'vitest'
import {
  all,
  codeOf,
  countsOf,
  eachVoxel,
  editorOf,
  ignoreRefusal,
  indexOf,
  plainMask,
  randomFrom,
  randomOperation,
  SHAPE,
} from '../../../build/test-support/edit-masks.ts'
import type { Zyx } from '../../volume/zyx.ts'
import { downsampleLabels } from '../preview-rule.ts'
import { brush } from './draw-operations.ts'
import { LabelBricks } from './label-bricks.ts'
import { levelPatch } from './level-patch.ts'
import { boxOf } from './mask-change.ts'
import { relabel } from './region-operations.ts'

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
