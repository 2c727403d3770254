import { describe, expect, it } from 'vitest'
import type { SlicePicture } from '../viewer/slice-picture.ts'
import { boxOfVolume, evenSize, offeredSizes, scaledBox } from './picture-size.ts'

describe('sizes that are offered', () => {
  it('are the screen, twice and four times as large, within what the graphics card draws', () => {
    const size = { width: 700, height: 500 }
    expect(offeredSizes(size, { ...size, longestSide: 1400 })).toEqual([
      { scale: 1, width: 700, height: 500, isPossible: true },
      { scale: 2, width: 1400, height: 1000, isPossible: true },
      { scale: 4, width: 2800, height: 2000, isPossible: false },
    ])
  })

  it('go by what is drawn, not by the part that is kept', () => {
    const sizes = offeredSizes({ width: 100, height: 100 }, { width: 900, height: 100, longestSide: 1000 })
    expect(sizes.map(({ isPossible }) => isPossible)).toEqual([true, false, false])
  })

  it('have no more pixels than a canvas', () => {
    const size = { width: 8000, height: 8200 }
    expect(offeredSizes(size, { ...size, longestSide: 40_000 }).map(({ isPossible }) => isPossible)).toEqual([
      true,
      true,
      false,
    ])
  })
})

describe('the part in which the volume is', () => {
  const slice = (columns: [number, number], rows: [number, number]): SlicePicture => ({
    ...{ kind: 'xy', acrossAxis: 2, left: 0, top: 0, width: 300, height: 200 },
    columns: { fileAxis: 0, zeroPx: columns[0], pxPerVoxel: columns[1] },
    rows: { fileAxis: 1, zeroPx: rows[0], pxPerVoxel: rows[1] },
  })
  const pane = { width: 300, height: 200 }
  // 7 voxels across, 5 down.
  const shape: [number, number, number] = [3, 5, 7]

  it('lies a pixel inside its edges, whichever way the axes run', () => {
    expect(boxOfVolume(slice([60, 20], [150, -20]), shape, pane)).toEqual({ left: 51, top: 61, width: 138, height: 98 })
    expect(boxOfVolume(slice([180, -20], [70, 20]), shape, pane)).toEqual({ left: 51, top: 61, width: 138, height: 98 })
  })

  it('ends with the pane where the volume goes on', () => {
    expect(boxOfVolume(slice([-100, 200], [700, -200]), shape, pane)).toEqual({ left: 0, top: 0, ...pane })
  })

  it('is the pane where nothing of the volume is seen', () => {
    expect(boxOfVolume(slice([900, 2], [900, 2]), shape, pane)).toEqual({ left: 0, top: 0, ...pane })
  })

  it('grows with the picture, and loses an odd row for video', () => {
    const box = scaledBox({ left: 1, top: 2, width: 51, height: 33 }, 2)
    expect(box).toEqual({ left: 2, top: 4, width: 102, height: 66 })
    expect(evenSize({ width: 51, height: 33 })).toEqual({ width: 50, height: 32 })
    expect(evenSize({ width: 1, height: 1 })).toEqual({ width: 2, height: 2 })
  })
})
