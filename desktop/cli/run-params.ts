import { type CreateJob, JobParams } from '../../shared/contract/jobs.ts'
import { LEAST_STEP } from '../../shared/contract/least-step.ts'
import { MOST_TILES_AT_ONCE } from '../../shared/contract/tiles-at-once.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'

/** Options of the command line that say how a model is run. */
export const RUN_OPTIONS = {
  patch: { type: 'string' },
  step: { type: 'string' },
  mirror: { type: 'string' },
  threads: { type: 'string' },
  batch: { type: 'string' },
  threshold: { type: 'string' },
  'smallest-object': { type: 'string' },
  neighbours: { type: 'string' },
  roi: { type: 'string' },
  draft: { type: 'boolean' },
} as const

/** What a run is asked for, as words of the command line. @throws {DomainError} `usage` */
export function readRunParams(values: {
  patch?: string
  step?: string
  mirror?: string
  threads?: string
  batch?: string
  threshold?: string
  'smallest-object'?: string
  neighbours?: string
  roi?: string
  draft?: boolean
}): NonNullable<CreateJob['params']> {
  const { threshold, roi, draft, neighbours, 'smallest-object': smallest } = values
  return {
    ...(threshold === undefined ? {} : { threshold: readShare(threshold) }),
    ...(smallest === undefined ? {} : { smallest_object_voxels: readObjectVoxels(smallest) }),
    ...(neighbours === undefined ? {} : { neighbours: readNeighbours(neighbours) }),
    ...(roi === undefined ? {} : { roi_zyx: readRegion(roi) }),
    ...(draft ? { draft } : {}),
    ...(values.patch === undefined ? {} : { patch_zyx: readTriple(values.patch) }),
    ...(values.step === undefined ? {} : { step: readNumber('--step', values.step, LEAST_STEP, 1) }),
    ...(values.mirror === undefined ? {} : { mirror_axes: readAxes(values.mirror) }),
    ...(values.threads === undefined ? {} : { threads: readThreads(values.threads) }),
    ...(values.batch === undefined ? {} : { batch: readBatch(values.batch) }),
  }
}

/** A probability. @throws {DomainError} `usage` */
export function readShare(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0 && value <= 1) return value
  throw new DomainError('usage', { reason: `--threshold takes a number from 0 to 1, not ${text}.` })
}

/** What a server takes. */
const MOST_OBJECT_VOXELS = Number((JobParams.properties.smallest_object_voxels as { maximum?: number }).maximum)

/** Voxels of `--smallest-object`, as far as a server takes them. @throws {DomainError} `usage` */
export function readObjectVoxels(text: string): number {
  if (/^\d{1,13}$/.test(text) && Number(text) <= MOST_OBJECT_VOXELS) return Number(text)
  const reason = `--smallest-object takes a whole number from 0 to ${MOST_OBJECT_VOXELS}, not ${text}.`
  throw new DomainError('usage', { reason })
}

/** What a server takes. */
const MOST_THREADS = Number((JobParams.properties.threads as { maximum?: number }).maximum)

function readThreads(text: string): number {
  const threads = readWhole('--threads', text)
  if (threads <= MOST_THREADS) return threads
  throw new DomainError('usage', { reason: `--threads takes 1 to ${MOST_THREADS}, not ${text}.` })
}

function readBatch(text: string): number {
  if (/^[1-9]\d?$/.test(text) && Number(text) <= MOST_TILES_AT_ONCE) return Number(text)
  throw new DomainError('usage', { reason: `--batch takes 1 to ${MOST_TILES_AT_ONCE} tiles, not ${text}.` })
}

/** @throws {DomainError} `usage` */
export function readNeighbours(text: string): 6 | 26 {
  if (text === '6') return 6
  if (text === '26') return 26
  throw new DomainError('usage', { reason: `--neighbours takes 6 or 26, not ${text}.` })
}

function readRegion(text: string): [[number, number], [number, number], [number, number]] {
  const found = /^(\d{1,9}):(\d{1,9}),(\d{1,9}):(\d{1,9}),(\d{1,9}):(\d{1,9})$/.exec(text.replaceAll(' ', ''))
  if (!found) throw new DomainError('usage', { reason: `--roi takes Z0:Z1,Y0:Y1,X0:X1 in voxels, not ${text}.` })
  const [z0, z1, y0, y1, x0, x1] = found.slice(1).map(Number)
  return [
    [z0, z1],
    [y0, y1],
    [x0, x1],
  ]
}

function readTriple(text: string): [number, number, number] {
  const sizes = text.split(/[,x]/).map((part) => readWhole('--patch', part.trim()))
  if (sizes.length !== 3) throw new DomainError('usage', { reason: '--patch takes three sizes Z,Y,X.' })
  return sizes as [number, number, number]
}

function readAxes(text: string): ('z' | 'y' | 'x')[] {
  if (text === 'none' || text === '') return []
  return text.split(',').map((axis) => {
    if (axis === 'z' || axis === 'y' || axis === 'x') return axis
    throw new DomainError('usage', { reason: `--mirror takes z, y, x or none, not ${axis}.` })
  })
}

/** @throws {DomainError} `usage` */
export function readWhole(name: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new DomainError('usage', { reason: `${name} takes whole numbers above 0, not ${text}.` })
}

function readNumber(name: string, text: string, above: number, most: number): number {
  const value = Number(text)
  if (text.trim() !== '' && value > above && value <= most) return value
  throw new DomainError('usage', { reason: `${name} takes a number above ${above} and at most ${most}, not ${text}.` })
}
