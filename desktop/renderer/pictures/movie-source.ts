import type { Composer } from './composer.ts'

/** Frames of a movie, drawn when they are asked for; one at a time. */
export interface MovieSource {
  width: number
  height: number
  numFrames: number
  framesPerSecond: number
  /** Draws a frame into the composer's canvas, which holds it until the next one. @throws when the movie is canceled */
  draw(index: number): Promise<Composer>
  /** So many frames are in the file. */
  done(numFrames: number): void
}
