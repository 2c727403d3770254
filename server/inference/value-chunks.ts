import type { Abort, VoxelSource } from '../../shared/volume/header.ts'
import { asValues, type ValueArray } from '../../shared/volume/voxel-values.ts'

/** Voxels measured at once, of all channels that are read together. */
export const STATISTICS_CHUNK_VOX = 4 * 1024 * 1024

/** All voxels of one channel in file units, in chunks of planes. Each chunk is a new array. */
export async function* valueChunks(source: VoxelSource, signal: Abort): AsyncGenerator<ValueArray> {
  const [sizeZ, sizeY, sizeX] = source.header.shapeZyx
  const chunk = planesAtOnce(sizeY * sizeX, 1)
  for (let z = 0; z < sizeZ; z += chunk) yield readValues(source, z, Math.min(chunk, sizeZ - z), signal)
}

/** Some planes of all channels. */
export interface ObjectChunk {
  zStart: number
  /** One array per channel, in file units. */
  channels: ValueArray[]
  /** 1 where a voxel is not zero in any channel. */
  isObject: Uint8Array
}

/** All channels of a volume together, in chunks of planes. */
export async function* objectChunks(sources: readonly VoxelSource[], signal: Abort): AsyncGenerator<ObjectChunk> {
  const [sizeZ, sizeY, sizeX] = sources[0].header.shapeZyx
  const chunk = planesAtOnce(sizeY * sizeX, sources.length)
  for (let zStart = 0; zStart < sizeZ; zStart += chunk) {
    const numPlanes = Math.min(chunk, sizeZ - zStart)
    const channels: ValueArray[] = []
    const isObject = new Uint8Array(numPlanes * sizeY * sizeX)
    for (const source of sources) {
      const values = await readValues(source, zStart, numPlanes, signal)
      markNonzero(values, isObject)
      channels.push(values)
    }
    yield { zStart, channels, isObject }
  }
}

/** In a function of its own: a loop within a generator is compiled poorly. */
function markNonzero(values: ValueArray, marks: Uint8Array): void {
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) marks[i] = 1
}

function planesAtOnce(planeVox: number, numChannels: number): number {
  return Math.max(1, Math.floor(STATISTICS_CHUNK_VOX / (planeVox * numChannels)))
}

async function readValues(source: VoxelSource, z: number, numPlanes: number, signal: Abort): Promise<ValueArray> {
  const { dtype, scaling } = source.header
  return asValues(await source.readSlab(z, numPlanes, signal), dtype, scaling)
}
