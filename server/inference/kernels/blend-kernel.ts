import { f32, f32x4, i32, loopWhile, v128, wasmFunction, wasmModule } from './wasm-code.ts'
import { instantiate, type SharedMemory } from './wasm-runtime.ts'

/**
 * into += from · weights over rows of float32, product and sum each rounded to float32, as torch does. All are addresses
 * and numbers of bytes; `from` and `weights` are rows without gaps.
 */
export type AddRows = (
  into: number,
  from: number,
  weights: number,
  numRows: number,
  rowBytes: number,
  stride: number,
) => void

const VECTORS_AT_ONCE = 4
const VECTOR_BYTES = 16

const addRows = wasmFunction(
  'addRows',
  ['into', 'from', 'weights', 'numRows', 'rowBytes', 'stride'],
  { end: 'i32', endOfVectors: 'i32', endOfBlocks: 'i32', gap: 'i32' },
  ({ into, from, weights, numRows, rowBytes, stride, end, endOfVectors, endOfBlocks, gap }) => {
    const advance = (bytes: number) =>
      [into, from, weights].map((address) => address.set(i32.add(address.get, i32.const(bytes))))
    const addVector = (offset: number) => {
      const product = f32x4.mul(v128.load(from.get, offset), v128.load(weights.get, offset))
      return v128.store(into.get, f32x4.add(v128.load(into.get, offset), product), offset)
    }
    const addOne = f32.store(into.get, f32.add(f32.load(into.get), f32.mul(f32.load(from.get), f32.load(weights.get))))
    const block = VECTORS_AT_ONCE * VECTOR_BYTES
    const offsets = Array.from({ length: VECTORS_AT_ONCE }, (_, i) => i * VECTOR_BYTES)
    const endOfWhole = (bytes: number) => i32.add(from.get, i32.and(rowBytes.get, i32.const(-bytes)))
    return {
      body: [
        gap.set(i32.sub(stride.get, rowBytes.get)),
        loopWhile(
          numRows.get,
          end.set(i32.add(from.get, rowBytes.get)),
          endOfVectors.set(endOfWhole(VECTOR_BYTES)),
          endOfBlocks.set(endOfWhole(block)),
          loopWhile(i32.less(from.get, endOfBlocks.get), ...offsets.map(addVector), ...advance(block)),
          loopWhile(i32.less(from.get, endOfVectors.get), addVector(0), ...advance(VECTOR_BYTES)),
          loopWhile(i32.less(from.get, end.get), addOne, ...advance(4)),
          into.set(i32.add(into.get, gap.get)),
          numRows.set(i32.sub(numRows.get, i32.const(1))),
        ),
      ],
    }
  },
)

const MODULE = wasmModule(addRows)

/** The kernel over a memory; null where the processor has no vectors of 128 bits. */
export function blendKernel(memory: SharedMemory): AddRows | null {
  return (instantiate(MODULE, memory)?.addRows as AddRows | undefined) ?? null
}
