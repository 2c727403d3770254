import { toHalf } from '../adapters/half-float.ts'

/** `TensorProto.DataType`. */
const [FLOAT, FLOAT16] = [1, 10]

/** One field of a message, as stored: `whole` with its tag, `body` without. */
interface Field {
  id: number
  wire: number
  value: number
  body: Uint8Array
  whole: Uint8Array
}

/**
 * An ONNX network of float32 with weights, inputs and outputs turned to float16, for benchmarks.
 * @param bytes of a `ModelProto` whose weights lie in the file
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export function halfModel(bytes: Uint8Array): Uint8Array {
  return mapped(bytes, {
    7: (graph) => mapped(graph, { 1: node, 5: tensor, 11: valueInfo, 12: valueInfo, 13: valueInfo }),
  })
}

type Change = (body: Uint8Array) => Uint8Array

/** A message with some of its message fields changed. */
function mapped(bytes: Uint8Array, changes: Record<number, Change>): Uint8Array {
  return join(fieldsOf(bytes).map(({ id, body, whole }) => (id in changes ? message(id, changes[id](body)) : whole)))
}

function node(bytes: Uint8Array): Uint8Array {
  return mapped(bytes, { 5: (attribute) => mapped(attribute, { 5: tensor }) })
}

function valueInfo(bytes: Uint8Array): Uint8Array {
  const tensorType: Change = (body) =>
    join(fieldsOf(body).map(({ id, value, whole }) => (id === 1 && value === FLOAT ? numberField(1, FLOAT16) : whole)))
  return mapped(bytes, { 2: (type) => mapped(type, { 1: tensorType }) })
}

function tensor(bytes: Uint8Array): Uint8Array {
  const fields = fieldsOf(bytes)
  if (fields.find(({ id }) => id === 2)?.value !== FLOAT) return bytes
  return join(
    fields.map(({ id, body, whole }) => {
      if (id === 2) return numberField(2, FLOAT16)
      // Field 4 holds packed floats, field 9 the same as bytes; halves are only written as bytes.
      if (id !== 4 && id !== 9) return whole
      return message(9, new Uint8Array(toHalf(new Float32Array(Uint8Array.from(body).buffer)).buffer))
    }),
  )
}

function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = []
  for (let at = 0; at < bytes.length; ) {
    const start = at
    const varint = () => {
      let value = 0
      for (let factor = 1; ; factor *= 128) {
        const byte = bytes[at++]
        value += (byte & 0x7f) * factor
        if (byte < 128) return value
      }
    }
    const tag = varint()
    const wire = tag % 8
    const value = wire === 0 || wire === 2 ? varint() : 0
    const length = wire === 0 ? 0 : wire === 2 ? value : wire === 1 ? 8 : 4
    const body = bytes.subarray(at, at + length)
    at += length
    fields.push({ id: Math.floor(tag / 8), wire, value, body, whole: bytes.subarray(start, at) })
  }
  return fields
}

function message(id: number, body: Uint8Array): Uint8Array {
  return join([varintBytes(id * 8 + 2), varintBytes(body.length), body])
}

function numberField(id: number, value: number): Uint8Array {
  return join([varintBytes(id * 8), varintBytes(value)])
}

function varintBytes(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Uint8Array.from([...bytes, rest])
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
