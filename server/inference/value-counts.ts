import type { LabelArray } from '../../shared/mask/preview-rule.ts'

const WORD_BYTES = 4

/** How many voxels have each value. Counts words of several voxels: labels come in runs of equal ones. */
export class ValueCounts {
  private readonly bytesPerVoxel: number
  private readonly numValues: number
  /** One table for each place in a word. float64: a value may have more voxels than 32 bits count. */
  private readonly tables: Float64Array

  constructor(dtype: 'uint8' | 'uint16') {
    this.bytesPerVoxel = dtype === 'uint8' ? 1 : 2
    this.numValues = dtype === 'uint8' ? 256 : 65536
    this.tables = new Float64Array((this.numValues * WORD_BYTES) / this.bytesPerVoxel)
  }

  /** @param labels of the type that is counted */
  add(labels: LabelArray): void {
    const { bytesPerVoxel, tables } = this
    const toWord = ((WORD_BYTES - (labels.byteOffset % WORD_BYTES)) % WORD_BYTES) / bytesPerVoxel
    const first = Math.min(toWord, labels.length)
    const numWords = Math.floor(((labels.length - first) * bytesPerVoxel) / WORD_BYTES)
    const end = first + (numWords * WORD_BYTES) / bytesPerVoxel
    for (let i = 0; i < first; i++) tables[labels[i]]++
    if (numWords > 0) {
      const words = new Int32Array(labels.buffer, labels.byteOffset + first * bytesPerVoxel, numWords)
      if (bytesPerVoxel === 1) countBytes(words, tables)
      else countPairs(words, tables)
    }
    for (let i = end; i < labels.length; i++) tables[labels[i]]++
  }

  /** Voxels by value, ascending; what does not occur is not in it. */
  result(): Map<number, number> {
    const { numValues, tables } = this
    const found = new Map<number, number>()
    for (let value = 0; value < numValues; value++) {
      let count = 0
      for (let at = value; at < tables.length; at += numValues) count += tables[at]
      if (count > 0) found.set(value, count)
    }
    return found
  }
}

function countBytes(words: Int32Array, tables: Float64Array): void {
  for (let i = 0; i < words.length; ) {
    const end = endOfRun(words, i)
    const word = words[i]
    tables[word & 255] += end - i
    tables[256 + ((word >>> 8) & 255)] += end - i
    tables[512 + ((word >>> 16) & 255)] += end - i
    tables[768 + (word >>> 24)] += end - i
    i = end
  }
}

function countPairs(words: Int32Array, tables: Float64Array): void {
  for (let i = 0; i < words.length; ) {
    const end = endOfRun(words, i)
    tables[words[i] & 65535] += end - i
    tables[65536 + (words[i] >>> 16)] += end - i
    i = end
  }
}

/** The first word that is not the one at `start`. */
function endOfRun(words: Int32Array, start: number): number {
  const word = words[start]
  let end = start + 1
  while (end < words.length && words[end] === word) end++
  return end
}
