import { describe, expect, it } from 'vitest'
import type { SlicePicture } from '../viewer/slice-picture.ts'
import { type MarkGround, scaleMarks } from './scale-marks.ts'

/** Half a nanometre, a nanometre and two along x, y, z of the file. */
const NM = [0.5, 1, 2] as const
const NM_OF_TEXT = /^([\d.]+) nm$/

function ground(scale: number, change: Partial<MarkGround> = {}): MarkGround {
  const slice = (kind: 'xy' | 'yz', left: number, fileAxis: 0 | 1, pxPerVoxel: number): SlicePicture => ({
    ...{ kind, acrossAxis: 2, left: left * scale, top: 0, width: 400 * scale, height: 300 * scale },
    columns: { fileAxis, zeroPx: 0, pxPerVoxel: pxPerVoxel * scale },
    rows: { fileAxis: 2, zeroPx: 0, pxPerVoxel: -pxPerVoxel * scale },
  })
  return {
    slices: [slice('xy', 0, 0, 3.7), slice('yz', 400, 1, -5.1)],
    space: { left: 0, top: 300 * scale, width: 400 * scale, height: 300 * scale, pxPerVoxel: 2.3 * scale },
    box: { left: 0, top: 0, width: 800 * scale, height: 600 * scale },
    voxelNm: (axis) => NM[axis],
    firstAxis: 0,
    pixelScale: scale,
    ...change,
  }
}

describe('a scale bar', () => {
  it('is as many pixels as its length is, in every pane and at every size', () => {
    const nmPerPx = { xy: 0.5 / 3.7, yz: 1 / 5.1, '3d': 0.5 / 2.3 }
    for (const scale of [1, 2, 4]) {
      const marks = scaleMarks(ground(scale))
      expect(marks.map(({ shown }) => shown)).toEqual(['xy', 'yz', '3d'])
      for (const { shown, lengthPx, text } of marks) {
        const lengthNm = Number(NM_OF_TEXT.exec(text)?.[1])
        const expected = lengthNm / (nmPerPx[shown as 'xy'] / scale)
        expect(Math.abs(lengthPx - expected)).toBeLessThanOrEqual(0.5)
        expect(lengthPx).toBeLessThanOrEqual(0.3 * 400 * scale)
      }
    }
  })

  it('says the same length whatever the size of the picture', () => {
    const texts = (scale: number) => scaleMarks(ground(scale)).map(({ text }) => text)
    expect(texts(2)).toEqual(texts(1))
    expect(texts(4)).toEqual(texts(1))
  })

  it('lies in the lower left corner of its pane, or of the part that is kept', () => {
    const [xy, yz, space] = scaleMarks(ground(2))
    expect([xy.left, xy.top]).toEqual([24, 600 - 32])
    expect(yz.left).toBe(824)
    expect(space.top).toBe(1200 - 32)
    const box = { left: 100, top: 50, width: 200, height: 150 }
    const [cut] = scaleMarks(ground(1, { box, space: null }))
    expect([cut.left, cut.top]).toEqual([12, 150 - 16])
  })

  it('is left out where nobody says how large a voxel is, or there is no room', () => {
    expect(scaleMarks(ground(1, { voxelNm: () => null }))).toEqual([])
    const box = { left: 0, top: 0, width: 2, height: 2 }
    expect(scaleMarks(ground(1, { box, space: null }))).toEqual([])
  })
})
