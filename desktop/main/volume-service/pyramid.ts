import path from 'node:path'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import type { VoxelSource } from '../../../shared/volume/header.ts'
import type { ValueRange } from './block-mean.ts'
import { buildPyramid, pyramidBytes } from './build-pyramid.ts'
import type { Level } from './level.ts'
import type { CacheEntry, LevelCache } from './level-cache.ts'
import { binThatFits } from './level-plan.ts'
import { DamagedEntry, type LevelLimits, LevelStore } from './level-store.ts'
import { encodedLevel, sampleLevel } from './sampled-level.ts'

/** A level that exists already. */
export interface ReadyLevel {
  bin: number
  source: VoxelSource
}

// Half a second: with drawing, the first picture is there within one.
const SAMPLE_BUDGET_MS = 500

/**
 * The levels of one open volume. Unknown until `finest` finds them in the cache or `build` has read the file; both may
 * be called again at any time. Range and bricks are null until the first level was given.
 */
export class Pyramid {
  private readonly source: VoxelSource
  private readonly cache: LevelCache
  private readonly key: string
  private readonly ready: readonly ReadyLevel[]
  private readonly stop = new AbortController()
  private store: LevelStore | null = null
  private building: Promise<void> | null = null
  /** Set with the first level, and the same for all. */
  range: ValueRange | null = null

  /** @param ready levels that need not be built, finest first; an OME-Zarr image brings them along */
  constructor(source: VoxelSource, cache: LevelCache, key: string, ready: readonly ReadyLevel[] = []) {
    this.ready = ready
    this.source = source
    this.cache = cache
    this.key = key
  }

  get bricks(): LevelStore['bricks'] {
    return this.store?.bricks ?? null
  }

  /** The volume is an image of many chunks with a pyramid of its own. */
  get isChunked(): boolean {
    return this.ready.length > 0
  }

  get signal(): AbortSignal {
    return this.stop.signal
  }

  /** The finest level within the limits; null while the file was never read through. */
  async finest(limits: LevelLimits): Promise<Level | null> {
    const ready = await this.readyLevel(limits)
    if (ready) return ready
    const store = this.store ?? (await this.openStore(await this.cache.find(this.key)))
    if (!store) return null
    try {
      return await store.finest(limits)
    } catch (error) {
      if (!(error instanceof DamagedEntry) && !isFileProblem(error)) throw error
      this.store = null
      await store.close()
      await this.cache.remove(store.entry.folder)
      return null
    }
  }

  /** A level of single voxels, at once. @throws {DomainError} what `VoxelSource.readBox` throws */
  async sampled(limits: LevelLimits): Promise<Level> {
    const level = await sampleLevel(this.source, { ...limits, budgetMs: SAMPLE_BUDGET_MS, signal: this.signal })
    this.range ??= { low: level.low, high: level.high }
    return level
  }

  /** Reads the file through once and keeps its levels. Calls while it runs wait for the same pass. */
  build(onProgress: (donePlanes: number) => void): Promise<void> {
    if (this.store) return Promise.resolve()
    this.building ??= this.pass(onProgress).finally(() => {
      this.building = null
    })
    return this.building
  }

  async close(): Promise<void> {
    this.stop.abort()
    await this.building?.catch(() => undefined)
    await this.store?.close()
    this.store = null
  }

  /** A level that was there before us, as codes; the range is found in the coarsest one. */
  private async readyLevel({ maxVoxels, maxAxis }: LevelLimits): Promise<Level | null> {
    const wanted = binThatFits(this.source.header.shapeZyx, maxVoxels, maxAxis)
    const found = this.ready.find(({ bin }) => bin >= wanted)
    const coarsest = this.ready.at(-1)
    if (!found || !coarsest) return null
    const limits = { maxVoxels: 16e6, maxAxis: 512, budgetMs: SAMPLE_BUDGET_MS, signal: this.signal }
    if (!this.range) {
      const { low, high } = await sampleLevel(coarsest.source, limits)
      this.range = { low, high }
    }
    return { ...this.range, bin: found.bin, ...(await encodedLevel(found.source, this.range, this.signal)) }
  }

  private async pass(onProgress: (donePlanes: number) => void): Promise<void> {
    const { source, signal } = this
    this.range ??= await this.sampled({ maxVoxels: 16e6, maxAxis: 512 })
    const need = pyramidBytes(source.header.shapeZyx)
    const room = await this.room()
    const withBricks = need.levels + need.bricks <= room
    let folder: string | null = null
    try {
      folder = await this.cache.begin(need.levels + (withBricks ? need.bricks : 0))
      const found = await buildPyramid({ source, range: this.range, folder, withBricks, onProgress, signal })
      this.store = await this.openStore(await this.cache.commit(folder, this.key, found))
    } catch (error) {
      if (folder) await this.cache.remove(folder)
      throw this.asProblem(error)
    }
    if (signal.aborted) await this.store?.close()
  }

  private async room(): Promise<number> {
    try {
      return await this.cache.room()
    } catch (error) {
      throw this.asProblem(error)
    }
  }

  private async openStore(entry: CacheEntry | null): Promise<LevelStore | null> {
    if (!entry) return null
    this.store = await LevelStore.open(entry, this.source.header.shapeZyx)
    this.range = { low: entry.manifest.low, high: entry.manifest.high }
    return this.store
  }

  private asProblem(error: unknown): unknown {
    if (!isFileProblem(error)) return error
    const reason = error.code === 'ENOSPC' ? 'the disk is full' : `${error.code} in ${path.basename(this.key)}`
    return new DomainError('levels_not_kept', { name: 'this volume', reason, cause: error })
  }
}

function isFileProblem(error: unknown): error is NodeJS.ErrnoException & { code: string } {
  return (
    error instanceof Error && !(error instanceof DomainError) && typeof (error as { code?: unknown }).code === 'string'
  )
}
