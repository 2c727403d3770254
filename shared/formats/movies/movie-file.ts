/** One picture of a movie as an encoder left it. */
export interface EncodedFrame {
  bytes: Uint8Array
  /** Begins to be shown then; whole frames of the movie's rate. */
  index: number
  /** Can be shown without the frames before it. */
  isKey: boolean
}

/** Bytes and where in the file they belong; bytes that are there already are replaced. */
export interface FilePart {
  at: number
  bytes: Uint8Array
}

/** What any container says of its movie. */
export interface MovieLook {
  width: number
  height: number
  framesPerSecond: number
  /** Of the whole movie. */
  numFrames: number
  /** Who wrote it. */
  application: string
  /** What it was made of, JSON. */
  provenance: string
}

/** A movie's file that grows frame by frame: parts to be written as they come. Frames in the order they are shown. */
export interface MovieFile {
  add(frame: EncodedFrame): FilePart[]
  /** The last parts; nothing is added after them. */
  end(): FilePart[]
}

/** Bytes one after the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** A whole number in `numBytes` bytes, the most significant first; exact up to 2^53. */
export function bigEndian(value: number, numBytes: number): Uint8Array {
  const out = new Uint8Array(numBytes)
  let left = value
  for (let i = numBytes - 1; i >= 0; i--) {
    out[i] = left % 256
    left = Math.floor(left / 256)
  }
  return out
}
