/**
 * The same memory as words of four bytes, so that background is passed over many voxels at a time; empty where the labels
 * do not begin at a word, or are no array of a label type. A last word that is not whole is left out.
 */
export function wordsOf(labels: ArrayLike<number>): Uint32Array {
  const isLabelArray = labels instanceof Uint8Array || labels instanceof Uint16Array
  if (!isLabelArray || labels.byteOffset % 4 !== 0) return NO_WORDS
  return new Uint32Array(labels.buffer, labels.byteOffset, labels.byteLength >>> 2)
}

const NO_WORDS = new Uint32Array(0)

/** Index of the first voxel in [from, end) that is not background, or `end`. @param words `wordsOf(labels)` */
export function foregroundFrom(labels: ArrayLike<number>, words: Uint32Array, from: number, end: number): number {
  const shift = labels instanceof Uint8Array ? 2 : 1
  const numWords = Math.min(words.length, end >>> shift)
  let at = from
  let word = (from >>> shift) + 1
  if (word < numWords) {
    for (const wordStart = (word << shift) >>> 0; at < wordStart; at++) if (labels[at] !== 0) return at
    while (word < numWords && words[word] === 0) word++
    at = (word << shift) >>> 0
  }
  while (at < end && labels[at] === 0) at++
  return at
}
