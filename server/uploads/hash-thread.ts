import { parentPort } from 'node:worker_threads'
import { HashFiles } from './hash-files.ts'
import type { FromHashThread, ToHashThread } from './hash-in-thread.ts'

/** The program of the thread that hashes files while they come. */
if (!parentPort) throw new Error('this program runs as a thread')
const port = parentPort
const hashes = new HashFiles()

port.on('message', async (message: ToHashThread) => {
  if (message.type === 'forget') return hashes.forget(message.key)
  const { type, key, file, bytes } = message
  if (type === 'reached') return hashes.reached(key, file, bytes)
  const answer = (found: FromHashThread) => port.postMessage(found)
  await hashes.digest(key, file, bytes).then(
    (sha256) => answer({ id: message.id, sha256 }),
    (error) => answer({ id: message.id, problem: error.message, code: error.code }),
  )
})
