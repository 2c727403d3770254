import { parentPort } from 'node:worker_threads'
import type { FromHashThread, ToHashThread } from './hash-parts-in-thread.ts'
import { hashHere } from './part-hashes.ts'

/** The program of the thread that hashes the parts of an upload. */
if (!parentPort) throw new Error('this program runs as a thread')
const port = parentPort
const hashes = hashHere()
const answer = (text: FromHashThread) => port.postMessage(text)

let last = Promise.resolve()
port.on('message', (message: ToHashThread) => {
  last = last.then(async () => {
    if (message.type === 'end') answer(await hashes.end())
    else answer((await hashes[message.type](message.bytes)) ?? '')
  })
})
answer('')
