import { stat } from 'node:fs/promises'
import type { MessagePortMain } from 'electron'
import type { OpenedVolume } from '../../../shared/contract/bridge.ts'
import { checkVolumeRequest } from '../../../shared/contract/bridge-check.ts'
import type { VolumeMessage, VolumeRequest } from '../../../shared/contract/volume-port.ts'
import { DomainError, envelopeOf } from '../../../shared/errors/domain-error.ts'
import { UnpackedCopies } from '../../../shared/node/unpacked-copies.ts'
import { BYTES_PER_VOXEL } from '../../../shared/volume/dtype.ts'
import type { VolumeHeader } from '../../../shared/volume/header.ts'
import { numVoxels } from '../../../shared/volume/zyx.ts'
import type { ServiceCall, ServicePort, ServiceReply } from '../volume-service-messages.ts'
import { changedSinceOpened, WatchedFile } from '../watched-file.ts'
import { ChangeNotice } from './change-notice.ts'
import { changedPlanes } from './changed-planes.ts'
import type { Level } from './level.ts'
import { cacheKey, LevelCache } from './level-cache.ts'
import { openAnyVolume } from './open-any-volume.ts'
import { type LabelLevel, OpenVolume } from './open-volume.ts'
import { Pyramid } from './pyramid.ts'
import { SerialQueue } from './serial-queue.ts'

/** The program of the utility process that reads volumes: calls come from the main process, bulk goes to the window. */
let current: OpenVolume | null = null
let windowPort: MessagePortMain | null = null
let lastVoxelRequest = -1
let numLevelRequests = 0
/** What the window has over the level on show; null after another level, which begins without labels. */
let sentLabels: LabelLevel | null = null
let opening = new AbortController()
/** Of the open volume. */
let notice: ChangeNotice | null = null
const lastPlaneRequest = new Map<string, number>()
const work = new SerialQueue()
const [cacheFolder, cacheBytes, copiesFolder, copiesBytes] = process.argv.slice(2)
const cache = new LevelCache(cacheFolder, Number(cacheBytes))
const copies = new UnpackedCopies(copiesFolder, Number(copiesBytes))
const AXES = ['x', 'y', 'z'] as const
const OVER: readonly string[] = ['canceled', 'volume_not_open']

process.parentPort.on('message', ({ data, ports }) => {
  const message = data as ServiceCall | ServicePort
  if (message.type === 'window_port') takePort(ports[0])
  else void answer(message)
})

function takePort(port: MessagePortMain): void {
  sentLabels = null
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
    reply = { type: 'reply', call: call.call, answer: await carryOut(call) }
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
      notice?.close()
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
      sentLabels = null
      tellWindow({ type: 'labels_cleared', volume_ref: volume.ref })
  }
  return null
}

/** A file that cannot be opened leaves the one on show as it is; a newer choice ends the opening of an older one. */
async function open({ volume_ref, path, mode0 }: ServiceCall & { type: 'open' }): Promise<OpenedVolume> {
  opening.abort()
  opening = new AbortController()
  const { signal } = opening
  const watched = await WatchedFile.begin(path)
  const { source, format, place, levels } = await openAnyVolume(path, { mode0: mode0 ?? undefined, copies, signal })
  if (signal.aborted) {
    await source.close()
    throw new DomainError('canceled')
  }
  const [{ size }, key] = [await stat(place), await cacheKey(place, mode0)]
  const before = current
  const pyramid = new Pyramid(source, cache, key, levels ?? undefined)
  current = new OpenVolume(volume_ref, source, pyramid, format)
  notice?.close()
  notice = new ChangeNotice(watched, () =>
    tellWindow({ type: 'volume_problem', volume_ref, problem: changedSinceOpened(path).toEnvelope() }),
  )
  lastPlaneRequest.clear()
  await before?.close()
  return { ...current.describe(place, levels ? storedBytes(source.header) : size), mode0 }
}

/** Bytes of a volume's voxels, unpacked. */
function storedBytes({ shapeZyx, dtype }: VolumeHeader): number {
  return numVoxels(shapeZyx) * BYTES_PER_VOXEL[dtype]
}

async function serveWindow(data: unknown): Promise<void> {
  let ref = ''
  let awaited: { request_index?: number } = {}
  try {
    const request = checkVolumeRequest(data)
    ref = request.volume_ref
    if (request.type === 'plane' && request.is_awaited) awaited = { request_index: request.request_index }
    const volume = current?.ref === ref ? current : null
    if (!volume) throw new DomainError('volume_not_open')
    if (request.type === 'level') await serveLevel(volume, request)
    else if (request.type === 'plane') await sendPlane(volume, request)
    else if (request.type === 'label_plane') await work.run(() => sendLabelPlane(volume, request))
    else await sendVoxel(volume, request)
  } catch (error) {
    // Nobody misses what was asked of a volume that is no longer open, but who waits for an answer.
    const isOver = error instanceof DomainError && OVER.includes(error.code)
    if (isOver && awaited.request_index === undefined) return
    // A file that was cut off or replaced is named as such, once.
    if ((await notice?.hasChanged()) && awaited.request_index === undefined) return
    if (!(error instanceof DomainError)) console.error(error)
    tellWindow({ type: 'volume_problem', volume_ref: ref, problem: envelopeOf(error), ...awaited })
  }
}

/** A first picture at once; where it is only a sample the file is read through, then the finest level follows. */
async function serveLevel(volume: OpenVolume, request: VolumeRequest & { type: 'level' }): Promise<void> {
  const limits = { maxVoxels: request.max_voxels, maxAxis: request.max_axis }
  const turn = ++numLevelRequests
  const isSampled = await work.run(async () => {
    const first = await volume.firstLevel(limits)
    await sendLevel(volume, first.level, first.isSampled)
    return first.isSampled
  })
  if (!isSampled) return
  const [totalPlanes] = volume.source.header.shapeZyx
  await volume.pyramid.build((donePlanes) =>
    tellWindow({ type: 'level_progress', volume_ref: volume.ref, done_planes: donePlanes, total_planes: totalPlanes }),
  )
  // Reading it through may have taken a minute, in which it was written anew.
  void notice?.hasChanged()
  await work.run(async () => {
    const level = turn === numLevelRequests ? await volume.finestLevel(limits) : null
    if (level) await sendLevel(volume, level, false)
  })
}

async function sendLevel(volume: OpenVolume, level: Level, isSampled: boolean): Promise<void> {
  if (current !== volume) return
  const { bin, shapeZyx, voxels, low, high, histogram } = level
  tellWindow({
    type: 'level',
    volume_ref: volume.ref,
    bin,
    shape_zyx: shapeZyx,
    source_shape_zyx: volume.displayShape(volume.source.header.shapeZyx),
    voxels,
    low,
    high,
    histogram,
    is_sampled: isSampled,
    orientation: volume.orientation,
  })
  sentLabels = null
  await sendLabels(volume)
}

/** Of several planes across one axis only the newest is read, and each that is waited for. */
async function sendPlane(volume: OpenVolume, request: VolumeRequest & { type: 'plane' }): Promise<void> {
  const { axis, index, thickness, projection, request_index, is_awaited } = request
  if (!is_awaited) {
    lastPlaneRequest.set(axis, request_index)
    await new Promise((resolve) => setImmediate(resolve))
    if (lastPlaneRequest.get(axis) !== request_index) return
  }
  const displayAxis = AXES.indexOf(axis) as 0 | 1 | 2
  const plane = await volume.plane(displayAxis, { index, thickness, projection })
  // What is there now is not shown beside levels of what was opened.
  const hasChanged = await notice?.hasChanged()
  if (hasChanged && is_awaited) throw new DomainError('volume_not_open')
  const given = hasChanged ? null : plane
  const { shape, codes } = given ?? { shape: [0, 0] as [number, number], codes: null }
  const at = { axis, index, thickness, projection, request_index }
  tellWindow({ type: 'plane', volume_ref: volume.ref, ...at, shape, voxels: codes })
}

async function sendLabelPlane(
  volume: OpenVolume,
  { axis, index, request_index }: VolumeRequest & { type: 'label_plane' },
): Promise<void> {
  const plane = await volume.labelPlane(AXES.indexOf(axis) as 0 | 1 | 2, index)
  if (!plane || current !== volume) return
  const { runRef, shape, labels } = plane
  const at = { volume_ref: volume.ref, run_ref: runRef, request_index, axis, index, shape }
  tellWindow({ type: 'label_plane', ...at, voxels: labels as Uint8Array<ArrayBuffer> })
}

/** The labels over the level on show; of a later preview only the planes that changed. */
async function sendLabels(volume: OpenVolume): Promise<void> {
  const labels = await volume.labelLevel()
  if (!labels || current !== volume) return
  const changed = changedPlanes(labels, sentLabels)
  sentLabels = labels
  tellWindow({
    type: 'labels',
    volume_ref: volume.ref,
    run_ref: labels.runRef,
    stage: labels.stage,
    bin: labels.bin,
    ...(labels.factor === labels.bin ? {} : { factor: labels.factor }),
    shape_zyx: labels.shapeZyx,
    voxels: (changed?.voxels ?? labels.voxels) as Uint8Array<ArrayBuffer>,
    ...(changed ? { first_plane: changed.firstPlane } : {}),
  })
}

/** While the crosshair moves only the newest question is worth reading the disk for; of a file that has changed none is answered. */
async function sendVoxel(volume: OpenVolume, request: VolumeRequest & { type: 'voxel' }): Promise<void> {
  lastVoxelRequest = request.request_index
  await new Promise((resolve) => setImmediate(resolve))
  if (lastVoxelRequest !== request.request_index) return
  const [value, label] = [await volume.valueAt(request.index_xyz), await volume.labelAt(request.index_xyz)]
  if (await notice?.hasChanged()) return
  tellWindow({ type: 'voxel', volume_ref: volume.ref, request_index: request.request_index, value, label })
}
