import type { MessagePortMain } from 'electron'
import { checkMaskRequest } from '../../../shared/contract/bridge-check.ts'
import type { MaskMessage, MaskPlane, MaskRequest } from '../../../shared/contract/mask-view.ts'
import { DomainError, envelopeOf } from '../../../shared/errors/domain-error.ts'
import type { LabelBricks } from '../../../shared/mask/edit/label-bricks.ts'
import { levelPatch } from '../../../shared/mask/edit/level-patch.ts'
import { boxOf, type MaskChange, type VoxelBox } from '../../../shared/mask/edit/mask-change.ts'
import { planeAxes, type SliceAxis, sliceBox } from '../../../shared/mask/edit/plane-axes.ts'
import { UnpackedCopies } from '../../../shared/node/unpacked-copies.ts'
import { reverseTriple } from '../../../shared/volume/zyx.ts'
import type { MaskAnswer, MaskCall, MaskReply, MaskStart } from '../mask-service-messages.ts'
import { SerialQueue } from '../volume-service/serial-queue.ts'
import { changedSinceOpened } from '../watched-file.ts'
import { KeptMasks } from './kept-masks.ts'
import { MaskSession } from './mask-session.ts'
import { ProbabilityFiles, type TriedThreshold } from './probability-files.ts'
import { type SavedMask, saveMask } from './save-mask.ts'
import { ShownSlices } from './shown-slices.ts'
import { takeAway } from './take-away.ts'

/** The program of the utility process that holds the mask: calls come from the main process, voxels go to the window. */
let kept: KeptMasks | null = null
let copies: UnpackedCopies | undefined
let programVersion = ''
let current: MaskSession | null = null
let shownBin: number | null = null
const shownSlices = new ShownSlices()
/** Slices of the threshold that is tried. */
const triedSlices = new ShownSlices()
let tried: (TriedThreshold & { bin: number; labels: Uint16Array }) | null = null
let windowPort: MessagePortMain | null = null
/** While a slider moves only its newest place is worth computing. */
let newestTry: MaskRequest | null = null
const work = new SerialQueue()

process.parentPort.on('message', ({ data, ports }) => {
  const message = data as (MaskCall & { call: number }) | MaskStart | { type: 'window_port' }
  if (message.type === 'start') {
    kept = new KeptMasks(message.folder)
    copies = new UnpackedCopies(message.copies.folder, message.copies.mostBytes)
    programVersion = message.program_version
  } else if (message.type === 'window_port') takePort(ports[0])
  else void answer(message)
})

function takePort(port: MessagePortMain): void {
  windowPort?.close()
  windowPort = port
  port.on('message', ({ data }) => void serveWindow(data))
  port.start()
}

async function answer(message: MaskCall & { call: number }): Promise<void> {
  const { call } = message
  let reply: MaskReply
  try {
    // What is being carried out is ended at once; everything else waits its turn.
    if (message.type === 'cancel') open(message.mask_ref).cancel()
    const done = message.type === 'cancel' ? {} : await work.run(() => carryOut(message))
    reply = { type: 'reply', call, answer: done }
  } catch (error) {
    if (!(error instanceof DomainError)) console.error(error)
    reply = { type: 'failed', call, problem: envelopeOf(error) }
  }
  process.parentPort.postMessage(reply)
}

async function carryOut(call: Exclude<MaskCall, { type: 'cancel' }>): Promise<MaskAnswer> {
  if (!kept) throw new DomainError('mask_not_open')
  switch (call.type) {
    case 'kept': {
      const { kept: found, unreadable } = await kept.list(current?.ref ?? null)
      return { kept: found, unreadable: unreadable.map((error) => error.toEnvelope()) }
    }
    case 'forget':
      await kept.forget(call.mask_ref)
      return {}
    case 'begin':
      return take(await MaskSession.begin(kept, call.mask_ref, call.volume, call.beginning, copies))
    case 'recover':
      return take(await MaskSession.recover(kept, call.mask_ref, call.volume, recovery(call.can_have_probability)))
    case 'label':
      await open(call.change.mask_ref).changeLabel(call.change)
      return { view: open(call.change.mask_ref).view() }
    case 'leave':
      if (current?.ref === call.mask_ref) await leave(current)
      return {}
    case 'close':
      return close(call.mask_ref, call.is_discarded)
    default:
      return edit(open(call.mask_ref), call)
  }
}

function recovery(canHaveProbability: boolean) {
  return { canHaveProbability, ...(copies ? { copies } : {}) }
}

async function edit(
  session: MaskSession,
  call: Extract<MaskCall, { type: 'apply' | 'undo' | 'redo' | 'probability' | 'save' | 'take' }>,
): Promise<MaskAnswer> {
  switch (call.type) {
    case 'apply': {
      const change = await session.apply(call.operation, () => tellMain(session))
      show(session, change)
      return { num_voxels: change.numVoxels, view: session.view() }
    }
    case 'undo':
      show(session, await session.undo())
      return { view: session.view() }
    case 'redo':
      show(session, await session.redo())
      return { view: session.view() }
    case 'probability': {
      const files = await ProbabilityFiles.open(call.probability, call.candidate, session.editor.bricks.shapeZyx)
      await session.probability?.close()
      session.probability = files
      return { view: session.view() }
    }
    case 'save': {
      const saved = await saveMask(await savedMask(session, call.is_confirmed), call.target)
      if (!call.target.labels && !call.target.is_cropped) await session.exported()
      return { ...saved, view: session.view() }
    }
    case 'take':
      return takeAway(await savedMask(session, call.is_confirmed), call)
  }
}

/** @throws {DomainError} `file_changed` where that was not confirmed */
async function savedMask(session: MaskSession, isConfirmed: boolean): Promise<SavedMask> {
  const { editor, source, format, record } = session
  const { bricks, counts } = editor
  const hasVolumeChanged = await session.hasVolumeChanged()
  if (hasVolumeChanged && !isConfirmed) throw changedSinceOpened(record.volume.file)
  return { bricks, counts, header: source.header, volume: source, format, record, hasVolumeChanged, programVersion }
}

async function take(session: MaskSession): Promise<MaskAnswer> {
  if (current) await leave(current)
  current = session
  shownBin = null
  shownSlices.clear()
  endTrying()
  return { view: session.view() }
}

async function leave(session: MaskSession): Promise<void> {
  current = null
  await session.close(false)
}

async function close(maskRef: string, isDiscarded: boolean): Promise<MaskAnswer> {
  const session = open(maskRef)
  if (session.view().is_unsaved && !isDiscarded)
    throw new DomainError('mask_unsaved', { name: session.record.volume.name })
  current = null
  await session.close(isDiscarded)
  return {}
}

/** @throws {DomainError} `mask_not_open` */
function open(maskRef: string): MaskSession {
  if (current?.ref !== maskRef) throw new DomainError('mask_not_open')
  return current
}

function tellMain(session: MaskSession): void {
  process.parentPort.postMessage({ type: 'changed', view: session.view() } satisfies MaskReply)
}

function tellWindow(message: MaskMessage): void {
  windowPort?.postMessage(message)
}

/** Sends what a change makes of the level and the slices on show. */
function show(session: MaskSession, change: MaskChange | null): void {
  const box = change && boxOf(change)
  if (!box) return
  const { bricks } = session.editor
  if (shownBin !== null) sendLevel(session, bricks, box, shownBin, 'patch')
  for (const part of shownSlices.partsIn(box))
    tellWindow({ type: 'plane_patch', ...planePart(session, bricks, part.axis, part.box) })
}

function planePart(session: MaskSession, bricks: LabelBricks, axis: SliceAxis, { startZyx, shapeZyx }: VoxelBox) {
  const voxels = narrow(session, bricks.readBox(startZyx, shapeZyx))
  return { mask_ref: session.ref, axis, start_zyx: [...startZyx], shape_zyx: [...shapeZyx], voxels } satisfies MaskPlane
}

function sendLevel(session: MaskSession, bricks: LabelBricks, box: VoxelBox, bin: number, type: 'level' | 'patch') {
  const { startZyx, shapeZyx, labels } = levelPatch(bricks, box, bin)
  tellWindow({
    type,
    mask_ref: session.ref,
    bin,
    start_zyx: [...startZyx],
    shape_zyx: [...shapeZyx],
    voxels: narrow(session, labels),
  })
}

/** Half the bytes where all labels fit; those of one mask and its beginning come in one type, level and patches. */
function narrow({ editor }: MaskSession, labels: Uint16Array): Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> {
  const isWide = Math.max(...editor.counts.keys()) > 255 || labels.some((label) => label > 255)
  return isWide ? (labels as Uint16Array<ArrayBuffer>) : Uint8Array.from(labels)
}

async function serveWindow(data: unknown): Promise<void> {
  let ref = ''
  try {
    const request = checkMaskRequest(data)
    ref = request.mask_ref
    if (request.type === 'try_threshold') newestTry = request
    await work.run(async () => {
      if (current?.ref === ref) await serve(current, request)
    })
  } catch (error) {
    if (!(error instanceof DomainError)) console.error(error)
    tellWindow({ type: 'mask_problem', mask_ref: ref, problem: envelopeOf(error) })
  }
}

async function serve(session: MaskSession, request: MaskRequest): Promise<void> {
  const { bricks } = session.editor
  switch (request.type) {
    case 'view': {
      endTrying()
      shownBin = request.state === 'now' ? request.bin : null
      const shown = request.state === 'now' ? bricks : session.beginning
      const whole = { startZyx: [0, 0, 0] as const, shapeZyx: bricks.shapeZyx }
      return sendLevel(session, shown, whole, request.bin, 'level')
    }
    case 'label_at': {
      const indexZyx = reverseTriple(request.index_xyz)
      const isInside = indexZyx.every((at, axis) => at < bricks.shapeZyx[axis])
      const label = isInside ? bricks.at(...indexZyx) : null
      return tellWindow({ type: 'label_at', mask_ref: session.ref, request_index: request.request_index, label })
    }
    case 'plane':
      return sendSlice(session, request)
    case 'try_threshold':
      return tryThreshold(session, request)
  }
}

function endTrying(): void {
  tried = null
  triedSlices.clear()
}

async function sendSlice(
  session: MaskSession,
  { axis, index, state, request_index }: MaskRequest & { type: 'plane' },
): Promise<void> {
  const { bricks } = session.editor
  if (index >= bricks.shapeZyx[planeAxes(axis).across]) return
  for (const [slices, of] of [
    [shownSlices, 'now'],
    [triedSlices, 'tried'],
  ] as const)
    if (state === of) slices.show(axis, index)
    else slices.hide(axis)
  if (state === 'tried') return sendTried(session, { axis, index }, { type: 'plane', request_index })
  const box = sliceBox(bricks.shapeZyx, axis, index)
  const shown = state === 'now' ? bricks : session.beginning
  tellWindow({ type: 'plane', request_index, ...planePart(session, shown, axis, box) })
}

/** What a threshold gives: on the level on show, and in the slices that are seen at full resolution. */
async function tryThreshold(session: MaskSession, request: MaskRequest & { type: 'try_threshold' }): Promise<void> {
  if (!session.probability || shownBin === null || request !== newestTry) return
  const bin = shownBin
  const { shapeZyx } = session.editor.bricks
  const threshold = { threshold: request.threshold, smallestObjectVoxels: request.smallest_object_voxels }
  const labels = await session.probability.tryOut(bin, threshold)
  tried = { ...threshold, bin, labels }
  const shape = shapeZyx.map((size) => Math.ceil(size / bin)) as [number, number, number]
  const voxels = narrow(session, labels)
  tellWindow({ type: 'level', mask_ref: session.ref, bin, start_zyx: [0, 0, 0], shape_zyx: shape, voxels })
  for (const { axis, box } of triedSlices.partsIn({ startZyx: [0, 0, 0], shapeZyx }))
    await sendTried(session, { axis, index: box.startZyx[planeAxes(axis).across] }, { type: 'plane_patch' })
}

async function sendTried(
  session: MaskSession,
  slice: { axis: SliceAxis; index: number },
  message: { type: 'plane'; request_index: number } | { type: 'plane_patch' },
): Promise<void> {
  const labels = tried && (await session.probability?.trySlice(slice, tried, tried))
  if (!labels) return
  const { startZyx, shapeZyx } = sliceBox(session.editor.bricks.shapeZyx, slice.axis, slice.index)
  const part = { mask_ref: session.ref, axis: slice.axis, start_zyx: [...startZyx], shape_zyx: [...shapeZyx] }
  tellWindow({ ...message, ...part, voxels: narrow(session, labels) } as MaskMessage)
}
