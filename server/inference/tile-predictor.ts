import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import { flipPatches } from './mirroring.ts'
import type { NetworkSession } from './network-session.ts'

/** Predicts one tile: the mean of the network's outputs over the mirrored copies, each flipped back. */
export class TilePredictor {
  private readonly session: NetworkSession
  private readonly patchZyx: Zyx
  private readonly numChannels: { input: number; output: number }
  private readonly combinations: (readonly [boolean, boolean, boolean])[]

  /** @param patchZyx in the order of the network's axes */
  constructor(
    session: NetworkSession,
    patchZyx: Zyx,
    numChannels: { input: number; output: number },
    combinations: (readonly [boolean, boolean, boolean])[],
  ) {
    this.session = session
    this.patchZyx = patchZyx
    this.numChannels = numChannels
    this.combinations = combinations
  }

  /**
   * @param tile [channel, z, y, x]; unchanged until the promise settles
   * @returns [channel, z, y, x]; the buffer belongs to the caller
   */
  async predict(tile: Float32Array): Promise<Float32Array> {
    const shape = [1, this.numChannels.input, ...this.patchZyx]
    let running = this.session.run(tile, shape)
    const copies = this.combinations.slice(1)
    if (copies.length === 0) return running
    let sum = new Float32Array(0)
    // The next copy is handed over before the last one is added up, so that the network need not wait.
    for (const [i, flips] of copies.entries()) {
      const flipped = new Float32Array(tile.length)
      flipPatches(tile, flipped, this.patchZyx, flips)
      const next = this.session.run(flipped, shape)
      next.catch(() => undefined)
      sum = this.added(sum, await running, i)
      running = next
    }
    sum = this.added(sum, await running, copies.length)
    const numCopies = this.combinations.length
    for (let i = 0; i < sum.length; i++) sum[i] /= numCopies
    return sum.subarray(0, this.numChannels.output * numVoxels(this.patchZyx))
  }

  /** Adds the output of copy `index`, flipped back; the first becomes the sum. */
  private added(sum: Float32Array<ArrayBuffer>, output: Float32Array, index: number): Float32Array<ArrayBuffer> {
    if (index === 0) return output as Float32Array<ArrayBuffer>
    flipPatches(output, sum, this.patchZyx, this.combinations[index], true)
    return sum
  }
}
