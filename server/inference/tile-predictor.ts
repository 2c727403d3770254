import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import { flipPatches } from './mirroring.ts'
import type { NetworkSession } from './network-session.ts'

/** Predicts one tile: the mean of the network's outputs over the mirrored copies, each flipped back. */
export class TilePredictor {
  private readonly flipped: Float32Array
  private readonly session: NetworkSession
  private readonly patchZyx: Zyx
  private readonly numChannels: number
  private readonly combinations: (readonly [boolean, boolean, boolean])[]

  constructor(
    session: NetworkSession,
    patchZyx: Zyx,
    numChannels: number,
    combinations: (readonly [boolean, boolean, boolean])[],
  ) {
    this.session = session
    this.patchZyx = patchZyx
    this.numChannels = numChannels
    this.combinations = combinations
    this.flipped = new Float32Array(combinations.length > 1 ? numVoxels(patchZyx) : 0)
  }

  /** @returns [channel, z, y, x]; valid until the next call */
  async predict(tile: Float32Array): Promise<Float32Array> {
    const shape = [1, 1, ...this.patchZyx]
    const sum = await this.session.run(tile, shape)
    if (this.combinations.length === 1) return sum
    for (const flips of this.combinations.slice(1)) {
      flipPatches(tile, this.flipped, this.patchZyx, flips)
      const output = await this.session.run(this.flipped, shape)
      flipPatches(output, sum, this.patchZyx, flips, true)
    }
    const numCopies = this.combinations.length
    for (let i = 0; i < sum.length; i++) sum[i] /= numCopies
    return sum.subarray(0, this.numChannels * numVoxels(this.patchZyx))
  }
}
