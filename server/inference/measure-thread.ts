import { parentPort, workerData } from 'node:worker_threads'
import type { FromMeasureThread, ToMeasureThread } from './measure-in-thread.ts'
import { type MeasuredMask, measureHere } from './measuring.ts'

/** The program of a thread that measures a mask, plane after plane. */
if (!parentPort) throw new Error('this program runs as a thread')
const port = parentPort
const measuring = measureHere(workerData as MeasuredMask)
let last: Promise<void> = Promise.resolve()

port.on('message', (plane: ToMeasureThread) => {
  last = last.then(async () => {
    if (plane) await measuring.add(plane)
    const answer: FromMeasureThread = plane ? null : await measuring.end()
    port.postMessage(answer)
  })
})
