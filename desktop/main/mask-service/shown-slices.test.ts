import { expect, it } from 'vitest'
import { ShownSlices } from './shown-slices.ts'

it('gives the parts of the slices on show that lie in a box', () => {
  const slices = new ShownSlices()
  slices.show('z', 2)
  slices.show('y', 9)
  slices.show('x', 1)
  slices.show('x', 6)
  const box = { startZyx: [1, 3, 5], shapeZyx: [2, 4, 3] } as const
  expect(slices.partsIn(box)).toEqual([
    { axis: 'z', box: { startZyx: [2, 3, 5], shapeZyx: [1, 4, 3] } },
    { axis: 'x', box: { startZyx: [1, 3, 6], shapeZyx: [2, 4, 1] } },
  ])
})

it('gives none of slices that are on show no more, nor beside the box', () => {
  const slices = new ShownSlices()
  slices.show('z', 3)
  slices.show('x', 6)
  slices.hide('x')
  expect(slices.partsIn({ startZyx: [1, 0, 0], shapeZyx: [2, 9, 9] })).toEqual([])
  slices.show('y', 1)
  slices.clear()
  expect(slices.partsIn({ startZyx: [0, 0, 0], shapeZyx: [9, 9, 9] })).toEqual([])
})
