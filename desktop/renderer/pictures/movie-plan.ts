import type { Scale } from './picture-size.ts'

export const MOVIE_FORMATS = ['webm', 'mp4', 'gif'] as const
export type MovieFormat = (typeof MOVIE_FORMATS)[number]

/** What the user wants of a movie. */
export interface MovieChoice {
  kind: 'slices' | 'rotation'
  /** The pane whose slices are shown. */
  pane: 'xy' | 'xz' | 'yz'
  /** Slices of the file; null is its first, or its last. */
  first: number | null
  last: number | null
  step: number
  turns: number
  /** Of a rotation. */
  numFrames: number
  framesPerSecond: number
  scale: Scale
  format: MovieFormat
  hasScaleBar: boolean
  hasMask: boolean
  hasCrosshair: boolean
  hasMeasurements: boolean
}

/** Limits of what can be entered. */
export const MOVIE_LIMITS = { framesPerSecond: 50, numFrames: 3600, turns: 20 } as const

/**
 * The slices of a movie, from the first to the last in the order they are shown; backwards where the last lies before.
 * @param size slices that there are
 */
export function slicesOf({ first, last, step }: Pick<MovieChoice, 'first' | 'last' | 'step'>, size: number): number[] {
  const [from, to] = [first ?? 0, last ?? size - 1].map((at) => Math.min(size - 1, Math.max(0, Math.round(at))))
  const stride = Math.max(1, Math.round(step)) * (to < from ? -1 : 1)
  return Array.from({ length: Math.floor((to - from) / stride) + 1 }, (_, frame) => from + frame * stride)
}

/** Angles of a rotation from the one there is now; after the last frame the first one would come again. */
export function azimuthsOf({ turns, numFrames }: Pick<MovieChoice, 'turns' | 'numFrames'>, startDeg: number): number[] {
  return Array.from({ length: numFrames }, (_, frame) => startDeg + (frame * 360 * turns) / numFrames)
}

/** `72 frames, 7.2 s` */
export function lengthText(numFrames: number, framesPerSecond: number): string {
  const seconds = Number((numFrames / framesPerSecond).toFixed(1))
  return `${numFrames} ${numFrames === 1 ? 'frame' : 'frames'}, ${seconds} s`
}
