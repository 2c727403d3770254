import { closeSync, openSync, readSync, writeSync } from 'node:fs'

const HEADER_BYTES = 1024

/**
 * Writes an int16 MRC file that looks like a tomogram to every step that depends on values: smooth waves and noise, the
 * same bytes each time. The noise is one plane, shifted from plane to plane.
 * @returns bytes written
 */
export function writeTestVolume(file: string, [nz, ny, nx]: readonly [number, number, number], seed = 7): number {
  const handle = openSync(file, 'w')
  writeSync(handle, header([nx, ny, nz]))
  const noise = noisePlane(ny * nx, seed)
  const plane = new Int16Array(ny * nx)
  for (let z = 0; z < nz; z++) {
    const shift = (z * 7919) % plane.length
    for (let y = 0, at = 0; y < ny; y++) {
      const wave = 1500 * Math.sin(y / 30 + z / 40)
      for (let x = 0; x < nx; x++, at++) plane[at] = wave * COSINES[x & 255] + noise[(at + shift) % plane.length]
    }
    writeSync(handle, new Uint8Array(plane.buffer))
  }
  closeSync(handle)
  return HEADER_BYTES + 2 * nz * ny * nx
}

const COSINES = Float64Array.from({ length: 256 }, (_, i) => Math.cos((i * Math.PI) / 128))

/** Sums of four uniform numbers of a 32-bit generator (xorshift), about normal. */
function noisePlane(length: number, seed: number): Int16Array {
  let state = seed
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state / 2 ** 31
  }
  return Int16Array.from({ length }, () => 900 * (next() + next() + next() + next()))
}

function header(sizeXyz: readonly [number, number, number]): Uint8Array {
  const view = new DataView(new ArrayBuffer(HEADER_BYTES))
  for (const [axis, size] of sizeXyz.entries()) {
    view.setInt32(axis * 4, size, true)
    view.setInt32(28 + axis * 4, size, true)
    view.setFloat32(40 + axis * 4, size * 10, true)
    view.setFloat32(52 + axis * 4, 90, true)
    view.setInt32(64 + axis * 4, axis + 1, true)
  }
  view.setInt32(12, 1, true)
  view.setInt32(88, 1, true)
  new Uint8Array(view.buffer).set([77, 65, 80, 32, 0x44, 0x44, 0, 0], 208)
  return new Uint8Array(view.buffer)
}

/** Milliseconds that reading a file from beginning to end takes, 4 MiB at a time. */
export function readTimeMs(file: string): number {
  const handle = openSync(file, 'r')
  const buffer = new Uint8Array(4 * 1024 * 1024)
  const startMs = performance.now()
  while (readSync(handle, buffer) > 0);
  closeSync(handle)
  return performance.now() - startMs
}
