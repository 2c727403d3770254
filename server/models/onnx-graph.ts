import type { ByteSource } from '../../shared/volume/header.ts'
import { type ProtobufField, ProtobufReader } from './protobuf-reader.ts'

/** One step of a network. */
export interface OnnxNode {
  op: string
  inputs: string[]
  outputs: string[]
  /** Attributes that are whole numbers. */
  integers: Map<string, number[]>
}

export interface OnnxGraph {
  /** In an order in which they can run. */
  nodes: OnnxNode[]
  /** Sizes of each weight. */
  weights: Map<string, number[]>
  /** Some weights have 16 bits, and outputs may, too. */
  isHalf: boolean
}

/** Field numbers of onnx.proto3 (ONNX 1.12). */
const MODEL_GRAPH = 7
const GRAPH = { node: 1, initializer: 5 } as const
const NODE = { input: 1, output: 2, op: 4, attribute: 5 } as const
const ATTRIBUTE = { name: 1, integer: 3, integers: 8 } as const
const TENSOR = { dims: 1, dataType: 2, name: 8 } as const

/** `TensorProto.DataType`: float16 and bfloat16. */
const HALF = [10, 16]

/** Networks of a thousand layers have a few thousand. */
const MOST_NODES = 20_000

/** Reads the steps of an ONNX file without loading its weights. Throws `RangeError` where it is none. */
export async function readOnnxGraph(source: ByteSource): Promise<OnnxGraph> {
  const reader = new ProtobufReader(source)
  const graph: OnnxGraph = { nodes: [], weights: new Map(), isHalf: false }
  for await (const field of reader.fields(0, source.sizeBytes)) {
    if (field.number !== MODEL_GRAPH) continue
    for await (const part of reader.fields(field.start, field.end)) {
      if (part.number === GRAPH.node) graph.nodes.push(await node(reader, part))
      if (part.number === GRAPH.initializer) {
        const { name, dims, dataType } = await weight(reader, part)
        graph.weights.set(name, dims)
        graph.isHalf ||= HALF.includes(dataType)
      }
      if (graph.nodes.length + graph.weights.size > MOST_NODES) throw new RangeError('too many steps')
    }
  }
  return graph
}

async function node(reader: ProtobufReader, message: ProtobufField): Promise<OnnxNode> {
  const found: OnnxNode = { op: '', inputs: [], outputs: [], integers: new Map() }
  for await (const field of reader.fields(message.start, message.end)) {
    if (field.number === NODE.input) found.inputs.push(await reader.text(field))
    if (field.number === NODE.output) found.outputs.push(await reader.text(field))
    if (field.number === NODE.op) found.op = await reader.text(field)
    if (field.number === NODE.attribute) found.integers.set(...(await attribute(reader, field)))
  }
  return found
}

async function attribute(reader: ProtobufReader, message: ProtobufField): Promise<[string, number[]]> {
  let name = ''
  const values: number[] = []
  for await (const field of reader.fields(message.start, message.end)) {
    if (field.number === ATTRIBUTE.name) name = await reader.text(field)
    if (field.number === ATTRIBUTE.integer || field.number === ATTRIBUTE.integers)
      values.push(...(await reader.integers(field)))
  }
  return [name, values]
}

async function weight(reader: ProtobufReader, message: ProtobufField) {
  let [name, dataType] = ['', 0]
  const dims: number[] = []
  for await (const field of reader.fields(message.start, message.end)) {
    if (field.number === TENSOR.name) name = await reader.text(field)
    if (field.number === TENSOR.dataType) dataType = field.value
    if (field.number === TENSOR.dims) dims.push(...(await reader.integers(field)))
  }
  return { name, dims, dataType }
}
