import { toHalf } from '../adapters/half-float.ts'

/**
 * The bytes of an ONNX file with one 1×1×1 convolution: as cheap as a network can be. Output channel k is
 * `weights[k] · input + biases[k]`; the spatial axes are free.
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export function pointwiseNetwork(
  weights: readonly number[],
  biases: readonly number[],
  dtype: 'float32' | 'float16' = 'float32',
): Uint8Array {
  const dims = [weights.length, 1, 1, 1, 1]
  const node = join([text(1, 'input'), text(1, 'w'), text(1, 'b'), text(2, 'logits'), text(4, 'Conv')])
  const graph = join([
    field(1, node),
    text(2, 'pointwise'),
    field(5, tensor('w', dims, weights, dtype)),
    field(5, tensor('b', [biases.length], biases, dtype)),
    field(11, valueInfo('input', ['N', 1, 'D', 'H', 'W'], dtype)),
    field(12, valueInfo('logits', ['N', weights.length, 'D', 'H', 'W'], dtype)),
  ])
  return join([number(1, 8), field(7, graph), field(8, number(2, 16))])
}

type Dtype = 'float32' | 'float16'

/** `TensorProto.DataType`. */
const DATA_TYPES = { float32: 1, float16: 10 } as const

/** `TensorProto`. */
function tensor(name: string, dims: readonly number[], values: readonly number[], dtype: Dtype): Uint8Array {
  const floats = Float32Array.from(values)
  const raw = new Uint8Array((dtype === 'float16' ? toHalf(floats) : floats).buffer)
  return join([...dims.map((size) => number(1, size)), number(2, DATA_TYPES[dtype]), text(8, name), field(9, raw)])
}

/** `ValueInfoProto`; a word stands for a free axis. */
function valueInfo(name: string, dims: readonly (string | number)[], dtype: Dtype): Uint8Array {
  const shape = join(dims.map((size) => field(1, typeof size === 'number' ? number(1, size) : text(2, size))))
  return join([text(1, name), field(2, field(1, join([number(1, DATA_TYPES[dtype]), field(2, shape)])))])
}

function field(id: number, bytes: Uint8Array): Uint8Array {
  return join([varint(id * 8 + 2), varint(bytes.length), bytes])
}

function text(id: number, value: string): Uint8Array {
  return field(id, new TextEncoder().encode(value))
}

function number(id: number, value: number): Uint8Array {
  return join([varint(id * 8), varint(value)])
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest])
    bytes.push((rest % 128) | 128)
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
