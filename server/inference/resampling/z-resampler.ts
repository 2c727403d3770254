import { type Row, weighRows } from './axis-resampler.ts'
import { type AxisTaps, axisTaps, backwardStart, EDGE_VOX, needsPrefilter, prefilterConstants } from './spline.ts'

/** Resamples a stack of planes along z while they arrive. */
export interface ZResampler {
  /** True if the next plane to push makes a difference; if not, any array may be pushed in its place. */
  needsNext(): boolean
  /** Takes the next source plane, which it then owns; gives the new planes that are now final, ascending. */
  push(plane: Float32Array): Generator<Float32Array>
}

/**
 * Planes of scratch that the resampler holds at most, float32 planes of the size pushed. Told without making one: its
 * taps are as long as the new axis.
 */
export function mostPlanesHeld(size: number, newSize: number, order: number): number {
  if (size === newSize) return 0
  return needsPrefilter(order) ? SPLINE_PLANES : LINEAR_PLANES
}

/**
 * The resampler for one axis length, order and new length. Planes given by `push` belong to the caller.
 * @param firstNew the first plane wanted: those pushed begin at `firstSourcePlane`. Splines need all
 */
export function createZResampler(size: number, newSize: number, order: number, firstNew = 0): ZResampler {
  if (size === newSize) return new PassOn()
  if (!needsPrefilter(order)) return new LinearZ(size, newSize, order, firstNew)
  if (firstNew > 0) throw new Error('splines cannot begin behind the first plane')
  return new SplineZ(size, newSize, order)
}

class PassOn implements ZResampler {
  needsNext(): boolean {
    return true
  }
  *push(plane: Float32Array): Generator<Float32Array> {
    yield plane
  }
}

/** The plane of the source that a line begins with where the first new ones are known; all where none is. */
export function firstSourcePlane({ first }: AxisTaps, firstNew: number, size: number): number {
  if (firstNew === 0) return 0
  return firstNew < first.length ? first[firstNew] : size
}

/** The last plane and the one that is made from it. */
const LINEAR_PLANES = 2

/** Orders 0 and 1: a window of the last two planes. */
class LinearZ implements ZResampler {
  private readonly taps: AxisTaps
  private readonly size: number
  private readonly isUsed: Uint8Array
  private previous: Float32Array = new Float32Array(0)
  private z: number
  private nextNew: number

  constructor(size: number, newSize: number, order: number, firstNew: number) {
    this.size = size
    this.taps = axisTaps(size, newSize, order)
    this.nextNew = firstNew
    this.z = firstSourcePlane(this.taps, firstNew, size)
    this.isUsed = new Uint8Array(size)
    for (const first of this.taps.first) this.isUsed.fill(1, first, first + this.taps.numTaps)
  }

  needsNext(): boolean {
    return this.isUsed[this.z] === 1
  }

  *push(plane: Float32Array): Generator<Float32Array> {
    const { first, weights, numTaps } = this.taps
    const z = this.z++
    while (this.nextNew < first.length && Math.min(first[this.nextNew] + numTaps - 1, this.size - 1) <= z) {
      const rows: Row[] = [{ values: first[this.nextNew] < z ? this.previous : plane, at: 0 }]
      if (numTaps === 2) rows.push({ values: plane, at: 0 })
      const out = new Float32Array(plane.length)
      weighRows(out, 0, out.length, rows, weights, this.nextNew * numTaps)
      this.nextNew++
      yield out
    }
    this.previous = plane
  }
}

/**
 * Planes beyond a plane that its backward filter looks at; the rest of the line is taken as constant.
 * Pole 0.268: what is cut off weighs 0.268^16 = 7e-10.
 */
const MARGIN_PLANES = 16

/** Planes filtered backwards at once: every source plane is passed (16 + 8) / 8 = 3 times. */
const BLOCK_PLANES = 8

const SPLINE_PLANES = MARGIN_PLANES + BLOCK_PLANES + 2 * EDGE_VOX + 2

/**
 * Orders 2 and 3: the forward filter runs exactly, plane by plane; the backward filter over blocks with a margin.
 *
 * `held` begins at plane `base` of the line with its edges (plane 0 is EDGE_VOX before the first source plane). Its
 * first `numReady` planes are coefficients, the others forward-filtered; only `filterBack` moves planes from one to the
 * other, only `dropUsed` moves `base`.
 */
class SplineZ implements ZResampler {
  private readonly taps: AxisTaps
  private readonly pole: number
  private readonly gain: number
  private readonly size: number
  private readonly free: Float32Array[] = []
  private readonly held: Float32Array[] = []
  private backward = new Float64Array(0)
  private base = 0
  private numReady = 0
  private numPushed = 0
  private nextNew = 0

  constructor(size: number, newSize: number, order: number) {
    this.size = size
    this.taps = axisTaps(size, newSize, order)
    const { pole, gain } = prefilterConstants(order)
    this.pole = pole
    this.gain = gain
  }

  needsNext(): boolean {
    return true
  }

  *push(plane: Float32Array): Generator<Float32Array> {
    const isFirst = this.numPushed++ === 0
    const isLast = this.numPushed === this.size
    if (isFirst) this.backward = new Float64Array(plane.length)
    const times = 1 + (isFirst ? EDGE_VOX : 0) + (isLast ? EDGE_VOX : 0)
    for (let i = 0; i < times; i++) this.filterForward(plane)
    const numUnready = this.held.length - this.numReady
    if (!isLast && numUnready < MARGIN_PLANES + BLOCK_PLANES) return
    this.filterBack(isLast ? numUnready : numUnready - MARGIN_PLANES)
    yield* this.emit()
    this.dropUsed()
  }

  private filterForward(plane: Float32Array): void {
    const { pole, gain } = this
    const out = this.free.pop() ?? new Float32Array(plane.length)
    const before = this.held.at(-1)
    if (before) for (let j = 0; j < out.length; j++) out[j] = gain * plane[j] + pole * before[j]
    else for (let j = 0; j < out.length; j++) out[j] = (gain / (1 - pole)) * plane[j]
    this.held.push(out)
  }

  /** Turns the next `count` planes into coefficients. */
  private filterBack(count: number): void {
    const { backward, held, pole } = this
    const end = this.numReady + count
    const top = held.length - 1
    const [last, before] = [held[top], held[top - 1]]
    for (let j = 0; j < last.length; j++) backward[j] = backwardStart(last[j], before[j], pole)
    if (top < end) last.set(backward)
    for (let at = top - 1; at >= this.numReady; at--) {
      const plane = held[at]
      if (at >= end) for (let j = 0; j < plane.length; j++) backward[j] = pole * (backward[j] - plane[j])
      else for (let j = 0; j < plane.length; j++) plane[j] = backward[j] = pole * (backward[j] - plane[j])
    }
    this.numReady = end
  }

  /** The new planes whose coefficients are ready. */
  private *emit(): Generator<Float32Array> {
    const { first, weights, numTaps } = this.taps
    for (; this.nextNew < first.length; this.nextNew++) {
      const from = this.firstHeld(this.nextNew)
      if (from + numTaps > this.numReady) return
      const rows = this.held.slice(from, from + numTaps).map((values) => ({ values, at: 0 }))
      const out = new Float32Array(this.backward.length)
      weighRows(out, 0, out.length, rows, weights, this.nextNew * numTaps)
      yield out
    }
  }

  /** Where in `held` the first tap of a new plane lies. */
  private firstHeld(newPlane: number): number {
    return this.taps.first[newPlane] + EDGE_VOX - this.base
  }

  private dropUsed(): void {
    const isDone = this.nextNew === this.taps.first.length
    const count = isDone ? this.numReady : Math.min(this.firstHeld(this.nextNew), this.numReady)
    this.free.push(...this.held.splice(0, count))
    this.base += count
    this.numReady -= count
  }
}
