import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import { flipPatches } from './mirroring.ts'
import type { NetworkSession } from './network-session.ts'

export interface TilePredictorNeeds {
  session: NetworkSession
  /** In the order of the network's axes. */
  patchZyx: Zyx
  numChannels: { input: number; output: number }
  /** Axes that are flipped for each copy of a tile; the first copy is the tile itself. */
  combinations: (readonly [boolean, boolean, boolean])[]
  /** Tiles or mirrored copies that go through the network in one run. */
  batch: number
}

/**
 * Predicts tiles: the mean of the network's outputs over the mirrored copies, each flipped back.
 *
 * Tiles come in groups, so that every run of the network is full; what is missing in the last group is filled with zeros.
 * All runs have one shape: a provider that tunes itself to a shape does so once.
 */
export class TilePredictor {
  /** Tiles in a group. */
  readonly groupSize: number
  private readonly needs: TilePredictorNeeds
  private readonly tileLength: number
  private readonly outputLength: number

  constructor(needs: TilePredictorNeeds) {
    this.needs = needs
    this.groupSize = tilesPerGroup(needs.batch, needs.combinations.length)
    this.tileLength = needs.numChannels.input * numVoxels(needs.patchZyx)
    this.outputLength = needs.numChannels.output * numVoxels(needs.patchZyx)
  }

  /**
   * @param tiles [tile, channel, z, y, x], as long as a whole group; unchanged until the promise settles
   * @param numTiles those that are there; the rest of `tiles` is not looked at
   * @returns [channel, z, y, x] of each tile; the buffers belong to the caller
   */
  async predict(tiles: Float32Array, numTiles: number): Promise<Float32Array[]> {
    const numRuns = Math.ceil((numTiles * this.needs.combinations.length) / this.needs.batch)
    const sums: Float32Array[] = []
    let running = this.start(tiles, numTiles, 0)
    // The next run is handed over before the last one is added up, so that the network need not wait.
    for (let run = 0; run < numRuns; run++) {
      const next = run + 1 < numRuns ? this.start(tiles, numTiles, run + 1) : null
      next?.catch(() => undefined)
      this.add(await running, sums, numTiles, run)
      if (next) running = next
    }
    const numCopies = this.needs.combinations.length
    if (numCopies > 1) for (const sum of sums) for (let i = 0; i < sum.length; i++) sum[i] /= numCopies
    return sums
  }

  private start(tiles: Float32Array, numTiles: number, run: number): Promise<Float32Array> {
    const { session, batch, numChannels, patchZyx } = this.needs
    return session.run(this.input(tiles, numTiles, run), [batch, numChannels.input, ...patchZyx])
  }

  /** Copies of tiles that go into run `run`: all copies of the first tile, then all of the next. */
  private input(tiles: Float32Array, numTiles: number, run: number): Float32Array {
    const { batch, combinations, patchZyx } = this.needs
    const isOneTile = batch === 1 && run % combinations.length === 0
    if (isOneTile || (combinations.length === 1 && numTiles === batch)) return this.copyAt(tiles, run * batch, batch)
    const input = new Float32Array(batch * this.tileLength)
    for (let slot = 0; slot < batch; slot++) {
      const copy = run * batch + slot
      const tile = Math.floor(copy / combinations.length)
      if (tile >= numTiles) break
      const into = input.subarray(slot * this.tileLength, (slot + 1) * this.tileLength)
      flipPatches(this.copyAt(tiles, copy), into, patchZyx, combinations[copy % combinations.length])
    }
    return input
  }

  /** The tiles behind copy `copy` and the next. */
  private copyAt(tiles: Float32Array, copy: number, numTiles = 1): Float32Array {
    const first = Math.floor(copy / this.needs.combinations.length)
    return tiles.subarray(first * this.tileLength, (first + numTiles) * this.tileLength)
  }

  /** Adds what a run gave to the sums of its tiles, flipped back; the first copy of a tile becomes its sum. */
  private add(output: Float32Array, sums: Float32Array[], numTiles: number, run: number): void {
    const { batch, combinations, patchZyx } = this.needs
    for (let slot = 0; slot < batch; slot++) {
      const copy = run * batch + slot
      const tile = Math.floor(copy / combinations.length)
      if (tile >= numTiles) return
      const one = output.subarray(slot * this.outputLength, (slot + 1) * this.outputLength)
      // A part of a run would keep all of it.
      if (tile === sums.length) sums.push(combinations.length > 1 && batch > 1 ? one.slice() : one)
      else flipPatches(one, sums[tile], patchZyx, combinations[copy % combinations.length], true)
    }
  }
}

/** The fewest tiles whose copies fill whole runs. */
export function tilesPerGroup(batch: number, numCopies: number): number {
  return batch / greatestCommonDivisor(batch, numCopies)
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
