import { type Code, f32x4, i16x8, i32, i32x4, loopWhile, v128, wasmFunction, wasmModule, when } from './wasm-code.ts'
import { instantiate, type SharedMemory } from './wasm-runtime.ts'

/** 255 / (1 + exp(6.24)) is below 0.5: another channel that far above leaves nothing of a 255th. */
const FAR_ABOVE = 6.24

/** Where the kernel reads and writes: addresses, and numbers of bytes. */
export interface ArgmaxPlaces {
  /** float32 sums of the first channel; the next lies `channelBytes` behind. */
  sums: number
  channelBytes: number
  numChannels: number
  /** The channel that is no object; any other number where there is none. */
  background: number
  /** int32: the label of each channel. */
  values: number
  /** One float32: a share of 255 whose fraction is nearer to a half than this is told of as unclear. */
  nearHalf: number
  /** float32 sums of weights, one for a voxel. */
  weights: number
  /** Of one channel, whole vectors. */
  numBytes: number
  /** 1 where labels have two bytes. */
  isWide: number
  labels: number
  /** 0 where neither candidates nor probabilities are wanted. */
  probability: number
  candidate: number
  /** A byte for each voxel: 1 where the probability is to be made with exact powers. */
  unclear: number
}

/** What a run met, as bits. */
export const UNCLEAR = 1
export const NOT_FINITE = 2

/** 2^f = 1 + f · p(f) for |f| ≤ 0.5, right to 2e-7. @see Cephes, exp2f */
const POLYNOMIAL = [
  ...[6.931472028550421e-1, 2.402264791363012e-1, 5.550332471162809e-2],
  ...[9.61843735767464e-3, 1.339887440266574e-3, 1.5353361883195e-4],
]

/** A number that is so large that a sum with it is rounded to whole numbers, which are its last bits then. */
const WHOLE_NUMBERS = 1.5 * 2 ** 23
const FLOAT_FRACTION_BITS = 23

/** An exponent of two: whatever lies further below changes no 255th, and so far the power is a normal float32. */
const LEAST_EXPONENT = -30

const PARAMETERS = [
  ...['sums', 'channelBytes', 'numChannels', 'background', 'values', 'nearHalf', 'weights', 'numBytes', 'isWide'],
  ...['labels', 'probability', 'candidate', 'unclear'],
] as (keyof ArgmaxPlaces)[]

const decodeArgmax = wasmFunction(
  'decodeArgmax',
  PARAMETERS,
  {
    ...({ at: 'i32', from: 'i32', valueAt: 'i32', channel: 'i32', step: 'i32' } as const),
    ...({ met: 'v128', unclearOnes: 'v128', share: 'v128', rounded: 'v128', total: 'v128', far: 'v128' } as const),
    ...({ value: 'v128', own: 'v128', above: 'v128', perWeight: 'v128' } as const),
    ...({
      best: 'v128',
      bestLabel: 'v128',
      foreground: 'v128',
      foregroundLabel: 'v128',
      whole: 'v128',
      square: 'v128',
    } as const),
  },
  (v) => {
    const overChannels = (...body: Code[]) => [
      v.from.set(i32.add(v.sums.get, v.at.get)),
      v.valueAt.set(v.values.get),
      v.channel.set(i32.const(0)),
      loopWhile(
        i32.notEqual(v.channel.get, v.numChannels.get),
        v.own.set(v128.load(v.from.get)),
        ...body,
        v.from.set(i32.add(v.from.get, v.channelBytes.get)),
        v.valueAt.set(i32.add(v.valueAt.get, i32.const(4))),
        v.channel.set(i32.add(v.channel.get, i32.const(1))),
      ),
    ]
    /** The larger of what was found and this channel; a tie goes to the lower channel. */
    const keepLarger = (largest: typeof v.best, label: typeof v.best) => [
      v.above.set(f32x4.greater(v.own.get, largest.get)),
      largest.set(v128.select(v.own.get, largest.get, v.above.get)),
      label.set(v128.select(v.value.get, label.get, v.above.get)),
    ]
    const storeLabels = (place: Code, labels: Code) => {
      const narrow = i32x4.narrow(labels, labels)
      return when(
        v.isWide.get,
        [v128.storeFirst64(place, narrow)],
        [v128.storeFirst32(place, i16x8.narrow(narrow, narrow))],
      )
    }
    const storeBytes = (place: Code, values: Code) => {
      const narrow = i32x4.narrow(values, values)
      return v128.storeFirst32(place, i16x8.narrow(narrow, narrow))
    }
    const advance = (place: typeof v.labels, bytes: Code) => place.set(i32.add(place.get, bytes))
    const term = (i: number) =>
      f32x4.add(f32x4.const(POLYNOMIAL[i]), f32x4.mul(f32x4.const(POLYNOMIAL[i + 1]), v.own.get))
    /** Adds two to the power of how far the channel lies above the best foreground, in units of ln 2. */
    const addPower = [
      v.own.set(f32x4.mul(f32x4.sub(v.own.get, v.foreground.get), v.perWeight.get)),
      v.own.set(f32x4.max(v.own.get, f32x4.const(LEAST_EXPONENT))),
      v.whole.set(f32x4.add(v.own.get, f32x4.const(WHOLE_NUMBERS))),
      v.own.set(f32x4.sub(v.own.get, f32x4.sub(v.whole.get, f32x4.const(WHOLE_NUMBERS)))),
      v.square.set(f32x4.mul(v.own.get, v.own.get)),
      v.share.set(f32x4.add(term(2), f32x4.mul(v.square.get, term(4)))),
      v.share.set(f32x4.add(term(0), f32x4.mul(v.square.get, v.share.get))),
      v.share.set(f32x4.add(f32x4.const(1), f32x4.mul(v.own.get, v.share.get))),
      v.whole.set(i32x4.shiftLeft(v.whole.get, i32.const(FLOAT_FRACTION_BITS))),
      v.total.set(f32x4.add(v.total.get, i32x4.add(v.share.get, v.whole.get))),
    ]
    const half = f32x4.const(0.5)
    const none = i32x4.const(0)
    const grade = [
      v.perWeight.set(v128.load(i32.add(v.weights.get, v.at.get))),
      v.far.set(
        f32x4.greater(f32x4.sub(v.best.get, v.foreground.get), f32x4.mul(v.perWeight.get, f32x4.const(FAR_ABOVE))),
      ),
      v.rounded.set(none),
      v.above.set(none),
      when(i32.equal(i32x4.allTrue(v.far.get), i32.const(0)), [
        v.perWeight.set(f32x4.div(f32x4.const(Math.LOG2E), v.perWeight.get)),
        v.total.set(none),
        ...overChannels(...addPower),
        v.share.set(f32x4.div(f32x4.const(255), v.total.get)),
        v.rounded.set(f32x4.floor(f32x4.add(v.share.get, half))),
        v.share.set(f32x4.abs(f32x4.sub(f32x4.sub(v.share.get, f32x4.floor(v.share.get)), half))),
        v.above.set(v128.select(none, f32x4.less(v.share.get, v128.loadSplat(v.nearHalf.get)), v.far.get)),
        v.rounded.set(v128.select(none, i32x4.fromFloat(v.rounded.get), v.far.get)),
        v.unclearOnes.set(v128.or(v.unclearOnes.get, v.above.get)),
      ]),
      storeBytes(v.probability.get, v.rounded.get),
      storeBytes(v.unclear.get, v128.and(v.above.get, i32x4.const(1))),
      storeLabels(v.candidate.get, v.foregroundLabel.get),
      advance(v.probability, i32.const(4)),
      advance(v.unclear, i32.const(4)),
      advance(v.candidate, v.step.get),
    ]
    const lowest = f32x4.const(Number.NEGATIVE_INFINITY)
    return {
      body: [
        v.step.set(i32.shiftLeft(i32.const(4), v.isWide.get)),
        loopWhile(
          i32.less(v.at.get, v.numBytes.get),
          v.best.set(lowest),
          v.foreground.set(lowest),
          v.bestLabel.set(none),
          v.foregroundLabel.set(none),
          ...overChannels(
            v.value.set(v128.loadSplat(v.valueAt.get)),
            ...keepLarger(v.best, v.bestLabel),
            when(i32.notEqual(v.channel.get, v.background.get), keepLarger(v.foreground, v.foregroundLabel)),
            // NaN where a value is not finite, for good.
            v.met.set(f32x4.add(v.met.get, f32x4.sub(v.own.get, v.own.get))),
          ),
          storeLabels(v.labels.get, v.bestLabel.get),
          advance(v.labels, v.step.get),
          when(v.probability.get, grade),
          v.at.set(i32.add(v.at.get, i32.const(16))),
        ),
      ],
      result: i32.or(
        v128.anyTrue(v.unclearOnes.get),
        i32.shiftLeft(v128.anyTrue(f32x4.notEqual(v.met.get, v.met.get)), i32.const(1)),
      ),
    }
  },
)

const MODULE = wasmModule(decodeArgmax)

/** @returns bits of what was met */
export type DecodeArgmax = (places: ArgmaxPlaces) => number

/** The kernel over a memory; null where the processor has no vectors of 128 bits. */
export function argmaxKernel(memory: SharedMemory): DecodeArgmax | null {
  const decode = instantiate(MODULE, memory)?.decodeArgmax as ((...places: number[]) => number) | undefined
  return decode ? (places) => decode(...PARAMETERS.map((name) => places[name])) : null
}
