import { DomainError } from '../../shared/errors/domain-error.ts'
import type { ByteSource } from '../../shared/volume/header.ts'
import { type ProtobufField, ProtobufReader } from './protobuf-reader.ts'

/** An input or output as an ONNX file declares it. */
export interface OnnxTensor {
  name: string
  /** `float32`, `float16`, another name, or `type N` for a type without a name here. */
  dtype: string
  /** Null where the file declares no shape; a size is null where it is free. */
  shape: (number | null)[] | null
}

/** What an ONNX file says of itself. */
export interface OnnxInterface {
  opset: number
  inputs: OnnxTensor[]
  outputs: OnnxTensor[]
}

/** Field numbers of onnx.proto3 (ONNX 1.12), message by message. */
const MODEL = { graph: 7, opsetImport: 8 } as const
const OPSET = { domain: 1, version: 2 } as const
const GRAPH = { initializer: 5, input: 11, output: 12 } as const
const TENSOR = { name: 8, dataLocation: 14 } as const
const VALUE_INFO = { name: 1, type: 2 } as const
const TYPE = { tensor: 1 } as const
const TENSOR_TYPE = { elemType: 1, shape: 2 } as const
const SHAPE = { dim: 1 } as const
const DIM = { value: 1 } as const

const DTYPES: Readonly<Record<number, string>> = { 1: 'float32', 10: 'float16', 11: 'float64', 16: 'bfloat16' }

/** `TensorProto.DataLocation`: the values lie in another file. */
const EXTERNAL = 1

/**
 * Reads opset, inputs and outputs of an ONNX file without running or loading it.
 * @param name of the model, for messages
 * @throws {DomainError} `model_invalid` (no ONNX file), `model_feature_unsupported` (weights in another file), `file_unreadable`
 */
export async function readOnnxInterface(source: ByteSource, name: string): Promise<OnnxInterface> {
  try {
    const found = await new OnnxReader(source, name).read()
    if (found.opset < 1 || found.inputs.length === 0 || found.outputs.length === 0)
      throw new RangeError('no operator set, inputs or outputs')
    return found
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new DomainError('model_invalid', { name, reason: `${source.name} is not an ONNX file`, cause })
  }
}

class OnnxReader {
  private readonly reader: ProtobufReader
  private readonly source: ByteSource
  private readonly name: string

  constructor(source: ByteSource, name: string) {
    this.reader = new ProtobufReader(source)
    this.source = source
    this.name = name
  }

  async read(): Promise<OnnxInterface> {
    const found: OnnxInterface = { opset: 0, inputs: [], outputs: [] }
    for await (const field of this.reader.fields(0, this.source.sizeBytes)) {
      if (field.number === MODEL.opsetImport) found.opset = (await this.standardOpset(field)) ?? found.opset
      if (field.number === MODEL.graph) Object.assign(found, await this.graph(field))
    }
    return found
  }

  /** The version of ONNX's own operators; null for operators of others. */
  private async standardOpset(message: ProtobufField): Promise<number | null> {
    let [domain, version] = ['', 0]
    for await (const field of this.fieldsOf(message)) {
      if (field.number === OPSET.domain) domain = await this.reader.text(field)
      if (field.number === OPSET.version) version = field.value
    }
    return domain === '' || domain === 'ai.onnx' ? version : null
  }

  private async graph(message: ProtobufField): Promise<Pick<OnnxInterface, 'inputs' | 'outputs'>> {
    const [inputs, outputs]: OnnxTensor[][] = [[], []]
    const weights = new Set<string>()
    for await (const field of this.fieldsOf(message)) {
      if (field.number === GRAPH.initializer) weights.add(await this.weight(field))
      if (field.number === GRAPH.input) inputs.push(await this.valueInfo(field))
      if (field.number === GRAPH.output) outputs.push(await this.valueInfo(field))
    }
    // Before version 4 of the format every weight was an input too.
    return { inputs: inputs.filter((input) => !weights.has(input.name)), outputs }
  }

  private async weight(message: ProtobufField): Promise<string> {
    let name = ''
    for await (const field of this.fieldsOf(message)) {
      if (field.number === TENSOR.name) name = await this.reader.text(field)
      if (field.number === TENSOR.dataLocation && field.value === EXTERNAL)
        throw new DomainError('model_feature_unsupported', {
          model: this.name,
          feature: `weights in another file than ${this.source.name}`,
          hint: 'Export the network again with its weights inside the ONNX file.',
        })
    }
    return name
  }

  private async valueInfo(message: ProtobufField): Promise<OnnxTensor> {
    const tensor: OnnxTensor = { name: '', dtype: 'no tensor', shape: null }
    for await (const field of this.fieldsOf(message)) {
      if (field.number === VALUE_INFO.name) tensor.name = await this.reader.text(field)
      if (field.number === VALUE_INFO.type)
        for await (const type of this.fieldsOf(field))
          if (type.number === TYPE.tensor) Object.assign(tensor, await this.tensorType(type))
    }
    return tensor
  }

  private async tensorType(message: ProtobufField): Promise<Pick<OnnxTensor, 'dtype' | 'shape'>> {
    let [dtype, shape]: [string, (number | null)[] | null] = ['type 0', null]
    for await (const field of this.fieldsOf(message)) {
      if (field.number === TENSOR_TYPE.elemType) dtype = DTYPES[field.value] ?? `type ${field.value}`
      if (field.number === TENSOR_TYPE.shape) shape = await this.shape(field)
    }
    return { dtype, shape }
  }

  private async shape(message: ProtobufField): Promise<(number | null)[]> {
    const sizes: (number | null)[] = []
    for await (const field of this.fieldsOf(message)) {
      if (field.number !== SHAPE.dim) continue
      let size: number | null = null
      // Some exporters write -1 or 0 for a free size.
      for await (const dim of this.fieldsOf(field)) if (dim.number === DIM.value && dim.value > 0) size = dim.value
      sizes.push(size)
    }
    return sizes
  }

  private fieldsOf({ start, end }: ProtobufField): AsyncGenerator<ProtobufField> {
    return this.reader.fields(start, end)
  }
}
