/** Counts of one label in two masks on the same grid. */
export interface LabelOverlap {
  label: number
  /** Voxels of the label in the first mask, in the second, in both. */
  inFirst: number
  inSecond: number
  inBoth: number
}

/** Counts where two masks agree, fed chunk by chunk. Labels 0 to 65535. */
export class OverlapCounter {
  private readonly first = new Float64Array(65536)
  private readonly second = new Float64Array(65536)
  private readonly both = new Float64Array(65536)

  /** Takes the same voxels of both masks. @throws RangeError when the chunks differ in length */
  add(first: ArrayLike<number>, second: ArrayLike<number>): void {
    if (first.length !== second.length) throw new RangeError(`chunks of ${first.length} and ${second.length} voxels`)
    for (let i = 0; i < first.length; i++) {
      this.first[first[i]]++
      this.second[second[i]]++
      if (first[i] === second[i]) this.both[first[i]]++
    }
  }

  overlap(label: number): LabelOverlap {
    return { label, inFirst: this.first[label], inSecond: this.second[label], inBoth: this.both[label] }
  }
}

/** Dice coefficient 2 |A ∩ B| / (|A| + |B|); null where the label is in neither mask. @see Dice 1945 */
export function dice({ inFirst, inSecond, inBoth }: LabelOverlap): number | null {
  return inFirst + inSecond === 0 ? null : (2 * inBoth) / (inFirst + inSecond)
}

/** Intersection over union |A ∩ B| / |A ∪ B|; null where the label is in neither mask. @see Jaccard 1912 */
export function intersectionOverUnion({ inFirst, inSecond, inBoth }: LabelOverlap): number | null {
  const union = inFirst + inSecond - inBoth
  return union === 0 ? null : inBoth / union
}
