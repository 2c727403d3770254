import { stat } from 'node:fs/promises'
import type { MessagePortMain } from 'electron'
import type { OpenedVolume, VolumeMessage, VolumeRequest } from '../../../shared/contract/bridge.ts'
import { checkVolumeRequest } from '../../../shared/contract/bridge-check.ts'
import { DomainError, envelopeOf } from '../../../shared/errors/domain-error.ts'
import { openVolumeFile } from '../../../shared/node/volume-file.ts'
import type { ServiceCall, ServicePort, ServiceReply } from '../volume-service-messages.ts'
import { OpenVolume } from './open-volume.ts'
import { SerialQueue } from './serial-queue.ts'

/** The program of the utility process that reads volumes: calls come from the main process, bulk goes to the window. */
let current: OpenVolume | null = null
let windowPort: MessagePortMain | null = null
let lastVoxelRequest = -1
const work = new SerialQueue()

process.parentPort.on('message', ({ data, ports }) => {
  const message = data as ServiceCall | ServicePort
  if (message.type === 'window_port') takePort(ports[0])
  else void answer(message)
})

function takePort(port: MessagePortMain): void {
  windowPort?.close()
  windowPort = port
  port.on('message', ({ data }) => void serveWindow(data))
  port.start()
}

function tellWindow(message: VolumeMessage): void {
  windowPort?.postMessage(message)
}

async function answer(call: ServiceCall): Promise<void> {
  let reply: ServiceReply
  try {
    reply = { type: 'reply', call: call.call, volume: await carryOut(call) }
  } catch (error) {
    if (!(error instanceof DomainError)) console.error(error)
    reply = { type: 'failed', call: call.call, problem: envelopeOf(error) }
  }
  process.parentPort.postMessage(reply)
}

async function carryOut(call: ServiceCall): Promise<OpenedVolume | null> {
  if (call.type === 'open') return open(call)
  const volume = current?.ref === call.volume_ref ? current : null
  if (!volume) return null
  switch (call.type) {
    case 'close':
      current = null
      await volume.close()
      break
    case 'mask':
      await work.run(async () => {
        await volume.showMask(call.run_ref, call.path)
        await sendLabels(volume)
      })
      break
    case 'preview':
      await work.run(async () => {
        await volume.showPreview(call.run_ref, call.preview)
        await sendLabels(volume)
      })
      break
    case 'clear_labels':
      await work.run(() => volume.clearLabels())
      tellWindow({ type: 'labels_cleared', volume_ref: volume.ref })
  }
  return null
}

/** A file that cannot be opened leaves the one on show as it is. */
async function open({ volume_ref, path, mode0 }: ServiceCall & { type: 'open' }): Promise<OpenedVolume> {
  const source = await openVolumeFile(path, { mode0: mode0 ?? undefined })
  const { size } = await stat(path)
  const before = current
  current = new OpenVolume(volume_ref, source)
  await before?.close()
  return { ...current.describe(path, size), mode0 }
}

async function serveWindow(data: unknown): Promise<void> {
  let ref = ''
  try {
    const request = checkVolumeRequest(data)
    ref = request.volume_ref
    const volume = current?.ref === ref ? current : null
    if (!volume) return
    if (request.type === 'level') await work.run(() => sendLevel(volume, request))
    else await sendVoxel(volume, request)
  } catch (error) {
    if (error instanceof DomainError && error.code === 'canceled') return
    if (!(error instanceof DomainError)) console.error(error)
    tellWindow({ type: 'volume_problem', volume_ref: ref, problem: envelopeOf(error) })
  }
}

async function sendLevel(volume: OpenVolume, request: VolumeRequest & { type: 'level' }): Promise<void> {
  const [totalPlanes] = volume.source.header.shapeZyx
  const limits = { maxVoxels: request.max_voxels, maxAxis: request.max_axis }
  const level = await volume.level(limits, (donePlanes) =>
    tellWindow({ type: 'level_progress', volume_ref: volume.ref, done_planes: donePlanes, total_planes: totalPlanes }),
  )
  if (current !== volume) return
  const { bin, shapeZyx, voxels, low, high, histogram } = level
  tellWindow({
    type: 'level',
    volume_ref: volume.ref,
    bin,
    shape_zyx: shapeZyx,
    source_shape_zyx: [...volume.source.header.shapeZyx],
    voxels,
    low,
    high,
    histogram,
    is_sampled: false,
  })
  await sendLabels(volume)
}

async function sendLabels(volume: OpenVolume): Promise<void> {
  const labels = await volume.labelLevel()
  if (!labels || current !== volume) return
  tellWindow({
    type: 'labels',
    volume_ref: volume.ref,
    run_ref: labels.runRef,
    stage: labels.stage,
    bin: labels.bin,
    shape_zyx: labels.shapeZyx,
    voxels: labels.voxels as Uint8Array<ArrayBuffer>,
  })
}

/** While the crosshair moves only the newest question is worth reading the disk for. */
async function sendVoxel(volume: OpenVolume, request: VolumeRequest & { type: 'voxel' }): Promise<void> {
  lastVoxelRequest = request.request_index
  await new Promise((resolve) => setImmediate(resolve))
  if (lastVoxelRequest !== request.request_index) return
  const [value, label] = [await volume.valueAt(request.index_xyz), await volume.labelAt(request.index_xyz)]
  tellWindow({ type: 'voxel', volume_ref: volume.ref, request_index: request.request_index, value, label })
}
