export interface OnnxPart {
  name: string
  /** `TensorProto.DataType`; 1 is float32. */
  elemType: number
  shape: (number | string)[]
}

/** An ONNX file without operators: enough to be read, not to be run. */
export function onnxFile(change: {
  opset?: number
  inputs?: OnnxPart[]
  outputs?: OnnxPart[]
  initializers?: { name: string; isExternal?: boolean }[]
}): Uint8Array {
  const free = ['N', 'D', 'H', 'W']
  const [batch, ...sides] = free
  const {
    opset = 16,
    inputs = [{ name: 'input', elemType: 1, shape: [batch, 1, ...sides] }],
    outputs = [{ name: 'logits', elemType: 1, shape: [batch, 3, ...sides] }],
    initializers = [],
  } = change
  const graph = [
    ...initializers.map(({ name, isExternal }) =>
      message(5, [text(8, name), message(9, [new Uint8Array(5)]), ...(isExternal ? [number(14, 1)] : [])]),
    ),
    ...inputs.map((part) => message(11, valueInfo(part))),
    ...outputs.map((part) => message(12, valueInfo(part))),
  ]
  const custom = message(8, [text(1, 'org.example'), number(2, 99)])
  return joined([number(1, 8), message(7, graph), message(8, [number(2, opset)]), custom])
}

function valueInfo({ name, elemType, shape }: OnnxPart): Uint8Array[] {
  const dims = shape.map((size) => message(1, [typeof size === 'number' ? number(1, size) : text(2, size)]))
  return [text(1, name), message(2, [message(1, [number(1, elemType), message(2, dims)])])]
}

function message(field: number, parts: Uint8Array[]): Uint8Array {
  const body = joined(parts)
  return joined([varint(field * 8 + 2), varint(body.length), body])
}

function text(field: number, value: string): Uint8Array {
  return message(field, [new TextEncoder().encode(value)])
}

function number(field: number, value: number): Uint8Array {
  return joined([varint(field * 8), varint(value)])
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  return Uint8Array.from([...bytes, Number(rest)])
}

function joined(parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}
