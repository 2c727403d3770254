import { parentPort, workerData } from 'node:worker_threads'
import { RingPlanes } from './ring-planes.ts'
import type { BlendOrder, BlendStart } from './shared-ring.ts'

/** The program of a thread that adds tiles up: its share of the planes, tile after tile, in the order of the orders. */
if (!parentPort) throw new Error('this program runs as a thread')
const port = parentPort
const start = workerData as BlendStart
const { index, numWorkers, shape, store } = start
const planes = new RingPlanes(shape, store, index, numWorkers)
const tiles = start.tiles.map((buffer) => new Float32Array(buffer))
const weights = new Float32Array(start.weights)

port.on('message', ({ slot, startZyx }: BlendOrder) => {
  for (let z = 0; z < shape.patchZyx[0]; z++)
    if (planes.placeOf(startZyx[0] + z) % numWorkers === index) planes.add(tiles[slot], weights, startZyx, z)
  port.postMessage(null)
})
