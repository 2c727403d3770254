import { parentPort, workerData } from 'node:worker_threads'
import { addTile } from './ring-accumulator.ts'
import type { BlendOrder, BlendStart } from './shared-ring.ts'

/** The program of a thread that adds tiles up: its share of the planes, tile after tile, in the order of the orders. */
if (!parentPort) throw new Error('this program runs as a thread')
const port = parentPort
const start = workerData as BlendStart
const { index, numWorkers, numChannels, patchZyx, strides, planeShapeYx } = start
const planes = start.planes.map((buffer) => new Float32Array(buffer))
const tiles = start.tiles.map((buffer) => new Float32Array(buffer))
const weights = new Float32Array(start.weights)

port.on('message', ({ slot, startZyx }: BlendOrder) => {
  for (let z = 0; z < patchZyx[0]; z++) {
    const place = (startZyx[0] + z) % planes.length
    if (place % numWorkers !== index) continue
    for (let channel = 0; channel < numChannels; channel++) {
      const firstRow = channel * planeShapeYx[0] + startZyx[1]
      addTile({
        ...{ output: tiles[slot], weights, patchZyx, strides, z, channel, numRows: patchZyx[1] },
        ...{ into: planes[place], firstRow, startX: startZyx[2], rowLength: planeShapeYx[1] },
      })
    }
  }
  port.postMessage(null)
})
