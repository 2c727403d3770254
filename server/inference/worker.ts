import { createRequire } from 'node:module'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import { createOnnxSession } from '../adapters/onnx-session.ts'
import type { FromWorker, ToWorker } from './messages.ts'
import { prepareThread } from './run-in-thread.ts'
import { serveOneJob, type WorkerChannel } from './worker-loop.ts'

/** What Electron gives a utility process; absent under plain Node. */
interface ParentPort {
  once(event: 'message', listener: (event: { data: unknown; ports: MessagePortMain[] }) => void): void
}
interface MessagePortMain {
  on(event: 'message', listener: (event: { data: unknown }) => void): void
  postMessage(message: unknown): void
  start(): void
}

function forkChannel(): WorkerChannel {
  // A worker whose server is gone has nobody to work for; the job is done again by the next server.
  process.once('disconnect', () => process.exit(1))
  return {
    send: (message: FromWorker) => void process.send?.(message),
    onMessage: (listener) => process.on('message', (message) => listener(message as ToWorker)),
  }
}

/** In a utility process the first message brings the port to the server. */
async function portChannel(parentPort: ParentPort): Promise<WorkerChannel> {
  const port = await new Promise<MessagePortMain>((resolve) =>
    parentPort.once('message', ({ ports }) => resolve(ports[0])),
  )
  return {
    send: (message) => port.postMessage(message),
    onMessage: (listener) => {
      port.on('message', ({ data }) => listener(data as ToWorker))
      port.start()
    },
  }
}

// The thread loads its program while the server says what to do.
const run = prepareThread()
const parentPort = (process as unknown as { parentPort?: ParentPort }).parentPort
const channel = parentPort ? await portChannel(parentPort) : forkChannel()
const engine = `onnxruntime-node ${createRequire(import.meta.url)('onnxruntime-node/package.json').version}`
await serveOneJob(channel, { openVolume: openVolumeFile, createSession: createOnnxSession, engine }, run)
// The last message leaves before the process does; exiting frees the device's memory.
setTimeout(() => process.exit(0), 50)
