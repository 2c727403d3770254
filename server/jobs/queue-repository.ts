/** Speed that was measured for a model on a device with a tile. */
export interface TileSpeed {
  model: string
  device: string
  patch: string
  tilesPerSecond: number
}

/** What the queue remembers across restarts. */
export interface QueueRepository {
  speeds(): Promise<TileSpeed[]>
  saveSpeed(speed: TileSpeed): Promise<void>
  /** Device time per user, as it was at `updatedAt` (ISO 8601). */
  uses(): Promise<{ owner: string; seconds: number; updatedAt: string }[]>
  saveUse(owner: string, seconds: number, updatedAt: string): Promise<void>
}
