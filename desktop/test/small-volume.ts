import { readFileSync, writeFileSync } from 'node:fs'
import { SAMPLE } from './desktop-app.ts'

const HEADER_BYTES = 1024
const CELL_OFFSET = 40

const [nz, ny, nx] = [64, 128, 128]

/**
 * The corner of the sample as a file of its own, with its voxel size: one tile of the bundled model.
 * @param mark the value of its first voxel, so that two files differ
 */
export function writeSmallVolume(file: string, mark: number): void {
  const sample = readFileSync(SAMPLE)
  const [fromX, fromY] = [sample.readInt32LE(0), sample.readInt32LE(4)]
  const header = Buffer.from(sample.subarray(0, HEADER_BYTES))
  for (const [i, size] of [nx, ny, nz].entries()) {
    const cell = sample.readFloatLE(CELL_OFFSET + 4 * i) / sample.readInt32LE(28 + 4 * i)
    header.writeInt32LE(size, 4 * i)
    header.writeInt32LE(size, 28 + 4 * i)
    header.writeFloatLE(cell * size, CELL_OFFSET + 4 * i)
  }
  const first = HEADER_BYTES + sample.readInt32LE(92)
  header.writeInt32LE(0, 92)
  const rows = Array.from({ length: nz * ny }, (_, row) => {
    const from = first + 2 * fromX * (Math.floor(row / ny) * fromY + (row % ny)) // int16
    return sample.subarray(from, from + 2 * nx)
  })
  const bytes = Buffer.concat([header, ...rows])
  bytes.writeInt16LE(mark, HEADER_BYTES)
  writeFileSync(file, bytes)
}
