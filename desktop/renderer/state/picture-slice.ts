import type { StateCreator } from 'zustand'
import type { MovieChoice } from '../pictures/movie-plan.ts'
import type { Scale } from '../pictures/picture-size.ts'
import type { PictureOf } from '../viewer/picture-drawing.ts'

/** What the user wants of a screenshot. */
export interface ScreenshotChoice {
  of: PictureOf
  scale: Scale
  hasScaleBar: boolean
  hasMask: boolean
  hasCrosshair: boolean
  /** Those that were made in the slices that are shown. */
  hasMeasurements: boolean
}

/** What is being made: a picture, or a movie of which so many frames are in the file. */
export interface Making {
  doneFrames: number
  totalFrames: number
}

/** Screenshots and movies: what is chosen, kept while the program runs, and what is being made. */
export interface PictureSlice {
  screenshotChoice: ScreenshotChoice
  movieChoice: MovieChoice
  making: Making | null
  screenshotChosen: (change: Partial<ScreenshotChoice>) => void
  movieChosen: (change: Partial<MovieChoice>) => void
  makingChanged: (making: Making | null) => void
}

const WITH = { hasScaleBar: true, hasMask: true, hasCrosshair: false, hasMeasurements: true } as const

export const createPictureSlice: StateCreator<PictureSlice> = (set) => ({
  screenshotChoice: { of: 'shown', scale: 2, ...WITH },
  movieChoice: {
    ...{ kind: 'slices', pane: 'xy', first: null, last: null, step: 1 },
    ...{ turns: 1, numFrames: 90, framesPerSecond: 15, scale: 1, format: 'webm' },
    ...WITH,
  },
  making: null,
  screenshotChosen: (change) =>
    set(({ screenshotChoice }) => ({ screenshotChoice: { ...screenshotChoice, ...change } })),
  movieChosen: (change) => set(({ movieChoice }) => ({ movieChoice: { ...movieChoice, ...change } })),
  makingChanged: (making) => set({ making }),
})
