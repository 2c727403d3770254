import { expect, it } from 'vitest'
import { measureLine } from './measure-lines.ts'

it('puts a measurement where its places are in the part of the picture that is kept', () => {
  const slice = {
    ...({ kind: 'xz', acrossAxis: 1, left: 100, top: 50, width: 300, height: 200 } as const),
    columns: { fileAxis: 0 as const, zeroPx: 110, pxPerVoxel: 4 },
    rows: { fileAxis: 2 as const, zeroPx: 240, pxPerVoxel: -8 },
  }
  const box = { left: 20, top: 10, width: 400, height: 300 }
  const points = [
    [0, 7, 0],
    [10, 7, 5],
    [20, 7, 0],
  ] as const
  const angle = { id: 1, kind: 'angle', acrossAxis: 1, pointsXyz: points } as const
  const line = measureLine(angle, slice, box, '90°')
  expect(line.points).toEqual([
    [90, 230],
    [130, 190],
    [170, 230],
  ])
  expect(line).toMatchObject({ textAt: [130, 190], text: '90°', clip: { left: 80, top: 40, width: 300, height: 200 } })
  const distance = measureLine({ ...angle, kind: 'distance', pointsXyz: points.slice(0, 2) }, slice, box, '5 nm')
  expect(distance.textAt).toEqual([130, 190])
})
