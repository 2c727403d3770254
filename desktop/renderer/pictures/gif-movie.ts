import { gifFile } from '../../../shared/formats/gif.ts'
import { Palette } from '../../../shared/formats/palette.ts'
import type { MovieSource } from './movie-source.ts'
import type { PictureFile } from './picture-file.ts'

// Frames that the palette is made from, evenly spread.
const NUM_SAMPLES = 6

/** Writes the frames as a GIF that repeats, with one palette for all. Holds one frame. */
export async function writeGifMovie(source: MovieSource, file: PictureFile): Promise<void> {
  const { width, height, numFrames, framesPerSecond } = source
  const palette = new Palette()
  const last = Math.min(NUM_SAMPLES, numFrames) - 1
  for (let sample = 0; sample <= last; sample++)
    palette.learn((await source.draw(last === 0 ? 0 : Math.round((sample * (numFrames - 1)) / last))).pixels())
  const indices = new Uint8Array(width * height)
  async function* frames() {
    for (let index = 0; index < numFrames; index++) {
      palette.lookUp((await source.draw(index)).pixels(), indices)
      yield indices
      source.done(index + 1)
    }
  }
  const look = {
    ...{ width, height, palette: palette.colors },
    delay: Math.max(2, Math.round(100 / framesPerSecond)),
    comment: ascii(file.provenance),
  }
  for await (const chunk of gifFile(look, frames())) await file.append(chunk)
}

/** JSON of ASCII letters. */
function ascii(json: string): string {
  return json.replaceAll(/[^ -~]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
