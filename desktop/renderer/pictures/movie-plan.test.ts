import { describe, expect, it } from 'vitest'
import { azimuthsOf, lengthText, slicesOf } from './movie-plan.ts'

describe('the slices of a movie', () => {
  it('are all, or every so many of a range', () => {
    expect(slicesOf({ first: null, last: null, step: 1 }, 4)).toEqual([0, 1, 2, 3])
    expect(slicesOf({ first: 2, last: 9, step: 3 }, 20)).toEqual([2, 5, 8])
  })

  it('run backwards where the last lies before the first', () => {
    expect(slicesOf({ first: 7, last: 2, step: 2 }, 20)).toEqual([7, 5, 3])
  })

  it('stay in the volume', () => {
    expect(slicesOf({ first: 18, last: 99, step: 1 }, 20)).toEqual([18, 19])
    expect(slicesOf({ first: 50, last: 60, step: 1 }, 20)).toEqual([19])
    for (let size = 1; size < 6; size++) expect(slicesOf({ first: null, last: null, step: 0 }, size)).toHaveLength(size)
  })
})

it('turns on without showing the first angle again at the end', () => {
  expect(azimuthsOf({ turns: 1, numFrames: 4 }, 10)).toEqual([10, 100, 190, 280])
  expect(azimuthsOf({ turns: 2, numFrames: 4 }, 0)).toEqual([0, 180, 360, 540])
})

it('says how long a movie is', () => {
  expect(lengthText(72, 10)).toBe('72 frames, 7.2 s')
  expect(lengthText(1, 30)).toBe('1 frame, 0 s')
})
