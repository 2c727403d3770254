/** A size of a declared shape: a number, or a word for a free one. */
type Size = number | string

export interface GraphNode {
  op: string
  inputs: string[]
  outputs: string[]
  attributes?: Uint8Array[]
}

export interface GraphParts {
  nodes: GraphNode[]
  initializers?: Uint8Array[]
  sparseInitializers?: Uint8Array[]
  inputs?: Uint8Array[]
  outputs?: Uint8Array[]
}

const NCDHW: Size[] = ['N', 1, 'D', 'H', 'W']

/** `TensorProto.DataType`. */
export const ELEMENT = { float32: 1, int64: 7, bool: 9 } as const

/** The bytes of an ONNX file with this graph, written without any library: `ModelProto` of onnx.proto3. */
export function onnxModel(graph: GraphParts, extra: Uint8Array[] = []): Uint8Array {
  return join([number(1, 8), field(7, graphBytes(graph)), field(8, number(2, 16)), ...extra])
}

/** A `GraphProto`. Inputs and outputs are `input` and `logits` of a 3D network unless given. */
export function graphBytes(graph: GraphParts): Uint8Array {
  const { inputs = [valueInfo('input', NCDHW)], outputs = [valueInfo('logits', ['N', 2, 'D', 'H', 'W'])] } = graph
  return join([
    ...graph.nodes.map((node) => field(1, nodeBytes(node))),
    text(2, 'graph'),
    ...(graph.initializers ?? []).map((tensor) => field(5, tensor)),
    ...inputs.map((info) => field(11, info)),
    ...outputs.map((info) => field(12, info)),
    ...(graph.sparseInitializers ?? []).map((tensor) => field(15, tensor)),
  ])
}

function nodeBytes({ op, inputs, outputs, attributes = [] }: GraphNode): Uint8Array {
  const names = [...inputs.map((name) => text(1, name)), ...outputs.map((name) => text(2, name))]
  return join([...names, text(4, op), ...attributes.map((one) => field(5, one))])
}

export const attribute = {
  int: (name: string, value: number) => join([text(1, name), number(3, value), number(20, 2)]),
  ints: (name: string, values: readonly number[]) =>
    join([text(1, name), ...values.map((value) => number(8, value)), number(20, 7)]),
  tensor: (name: string, tensor: Uint8Array) => join([text(1, name), field(5, tensor), number(20, 4)]),
  tensors: (name: string, tensor: Uint8Array) => join([text(1, name), field(10, tensor), number(20, 9)]),
  graph: (name: string, graph: Uint8Array) => join([text(1, name), field(6, graph), number(20, 5)]),
}

/** A `TensorProto` with its values inside. */
export function tensor(
  name: string,
  dims: readonly number[],
  values: Float32Array | BigInt64Array | Uint8Array,
): Uint8Array {
  const kind =
    values instanceof Float32Array ? ELEMENT.float32 : values instanceof Uint8Array ? ELEMENT.bool : ELEMENT.int64
  const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  return join([...dims.map((size) => number(1, size)), number(2, kind), text(8, name), field(9, raw)])
}

/** A `TensorProto` of one float32 that says its values lie in another file. */
export function externalTensor(name: string, location: string): Uint8Array {
  const entry = join([text(1, 'location'), text(2, location)])
  return join([number(1, 1), number(2, ELEMENT.float32), text(8, name), field(13, entry), number(14, 1)])
}

/** A `ValueInfoProto`. */
export function valueInfo(name: string, dims: readonly Size[], kind: number = ELEMENT.float32): Uint8Array {
  const shape = join(dims.map((size) => field(1, typeof size === 'number' ? number(1, size) : text(2, size))))
  return join([text(1, name), field(2, field(1, join([number(1, kind), field(2, shape)])))])
}

export function field(id: number, bytes: Uint8Array): Uint8Array {
  return join([varint(id * 8 + 2), varint(bytes.length), bytes])
}

export function text(id: number, value: string): Uint8Array {
  return field(id, new TextEncoder().encode(value))
}

export function number(id: number, value: number): Uint8Array {
  return join([varint(id * 8), varint(value)])
}

/** Bytes of a varint; whole numbers up to 2^53. */
export function varint(value: number): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest])
    bytes.push((rest % 128) | 128)
  }
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
