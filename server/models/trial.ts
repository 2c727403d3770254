import path from 'node:path'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import { createOnnxSession } from '../adapters/onnx-session.ts'
import { checkModelIsSupported } from '../inference/model-limits.ts'
import type { NetworkSession } from '../inference/network-session.ts'
import { loadModelPackage } from './load-package.ts'

/** Noise of a normalised volume lies around 0 up to this; gold beads and edges lie as many times further out. */
const NOISE = 2
const OUTLIERS = 10

/** An uneven tile has at most so many times its divisor along an axis, and less by these. */
const MOST_DIVISORS = 3
const UNEVEN = [1, 0, 2]

/** Runs beyond the two whole tiles must be expected to end within this: the trial's limit is there for those two. */
const NUM_AGAIN = 3
const MOST_SECONDS_AGAIN = 15

/**
 * Loads a stranger's network and runs it on a tile of zeros and one of noise, whose outputs must be finite; then on an
 * uneven tile twice, whose outputs must have its shape and be the same, and on values that no volume should have, where it
 * must come to an end; this part is left out where it would take long.
 * @returns seconds of a whole tile
 * @throws {DomainError} `model_invalid`, `model_feature_unsupported`, `out_of_memory`
 */
export async function tryNetwork(folder: string): Promise<{ seconds: number }> {
  const { manifest } = await loadModelPackage(folder)
  checkModelIsSupported(manifest, null)
  const modelPath = path.join(folder, manifest.onnx.file)
  const session = await createOnnxSession({ modelPath, manifest, provider: 'cpu', threads: 1 })
  const trial = new Trial(session, manifest)
  const patch = manifest.tiles.patch_zyx
  await trial.runFinite(patch, 'zeros')
  const seconds = await trial.runFinite(patch, 'noise')
  const tile = trial.unevenTile() ?? patch
  const secondsOfRun = ((session.tilesPerRun ?? 1) * seconds * numVoxels(tile)) / numVoxels(patch)
  if (NUM_AGAIN * secondsOfRun <= MOST_SECONDS_AGAIN) await trial.runAgain(tile)
  await session.release()
  return { seconds }
}

type Kind = 'zeros' | 'noise' | 'outliers'

class Trial {
  private readonly session: NetworkSession
  private readonly manifest: ModelManifest

  constructor(session: NetworkSession, manifest: ModelManifest) {
    this.session = session
    this.manifest = manifest
  }

  /** @returns seconds of a tile */
  async runFinite(tile: Zyx, kind: Kind): Promise<number> {
    const startMs = performance.now()
    const output = await this.run(tile, kind)
    const seconds = (performance.now() - startMs) / 1000 / this.numTiles
    if (!output.every(Number.isFinite)) this.refuse(`its output is not finite on a tile of ${kind}`)
    return seconds
  }

  /** Small, its axes of different sizes, so that exchanged axes show; null where the network or its patch leaves no choice. */
  unevenTile(): Zyx | null {
    const { patch_zyx: patch, divisible_by_zyx: divisor } = this.manifest.tiles
    const tile = UNEVEN.map((less, axis) => {
      const most = Math.min(MOST_DIVISORS, patch[axis] / divisor[axis])
      return Math.max(1, most - less) * divisor[axis]
    }) as unknown as Zyx
    return this.session.hasFixedSizes || new Set(tile).size < 2 ? null : tile
  }

  /** A tile that the network cannot take says nothing: it is run on whole patches only. */
  async runAgain(tile: Zyx): Promise<void> {
    try {
      const [first, second] = [await this.run(tile, 'noise'), await this.run(tile, 'noise')]
      if (first.some((value, i) => !Object.is(value, second[i])))
        this.refuse('it gives other values for the same tile, so that no result could be made again')
      await this.run(tile, 'outliers')
    } catch (error) {
      const isOfSize = error instanceof DomainError && error.code === 'model_invalid' && 'cause' in error.details
      if (!isOfSize) throw error
    }
  }

  private get numTiles(): number {
    return this.session.tilesPerRun ?? 1
  }

  private run(tile: Zyx, kind: Kind): Promise<Float32Array> {
    const { channels } = this.manifest.input
    const input = new Float32Array(this.numTiles * channels * numVoxels(tile))
    if (kind !== 'zeros') this.fill(input, numVoxels(tile), kind === 'noise' ? NOISE : NOISE * OUTLIERS)
    return this.session.run(input, [this.numTiles, channels, ...tile])
  }

  /** Noise as the normalisation leaves it, the same every time: from 0 to 1, or around 0. */
  private fill(input: Float32Array, voxels: number, most: number): void {
    const { normalization } = this.manifest
    let state = 1
    for (let i = 0; i < input.length; i++) {
      // The generator of Park and Miller: full period, products below 2^53.
      state = (state * 48271) % 2147483647
      const share = state / 2147483647
      const { scheme } = normalization[Math.floor(i / voxels) % normalization.length]
      input[i] = scheme === 'rescale01' ? share : most * (2 * share - 1)
    }
  }

  private refuse(reason: string): never {
    throw new DomainError('model_invalid', { name: this.manifest.id, reason })
  }
}
