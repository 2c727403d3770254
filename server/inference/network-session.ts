import type { ModelManifest } from '../../shared/contract/model-package.ts'

/** A loaded network. One run at a time; the caller releases it. */
export interface NetworkSession {
  /** Sentences for the user about how the network is run, e.g. which steps are not on the device. */
  readonly warnings?: readonly string[]
  /**
   * Runs one batch.
   * @param input    N, C, D, H, W order, x fastest. Not changed.
   * @param shape    [N, C, D, H, W] of `input`
   * @returns output in N, C, D, H, W order; the buffer belongs to the caller
   * @throws {DomainError} `out_of_memory`, `model_invalid`
   */
  run(input: Float32Array, shape: readonly number[]): Promise<Float32Array>
  release(): Promise<void>
  /** Tiles that every run takes, where the network was written for a fixed number; else absent. */
  readonly tilesPerRun?: number
  /** True where the network was written for tiles of one size along some axis. */
  readonly hasFixedSizes?: boolean
  /** Tiles that are prepared while the network runs, where it works beside the calling thread; else 0. */
  readonly numAhead?: number
}

export interface SessionRequest {
  modelPath: string
  manifest: ModelManifest
  /** The one provider that may be used; never silently another. */
  provider: string
  threads: number
}

/** Loads a network and checks it against its manifest. @throws {DomainError} `model_invalid`, `provider_unavailable` */
export type SessionFactory = (request: SessionRequest) => Promise<NetworkSession>
