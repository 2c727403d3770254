import path from 'node:path'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { openFileSource } from '../../shared/node/file-source.ts'
import { type ProtobufField, ProtobufReader } from './protobuf-reader.ts'

/** Messages of onnx.proto3 (ONNX 1.19) as far as a tensor can lie below them: field number → message. */
const BELOW = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  training: { 1: 'graph', 2: 'graph' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  function: { 7: 'node', 11: 'attribute' },
  node: { 4: 'operator', 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: { 13: 'external', 14: 'location' },
} as const satisfies Record<string, Readonly<Record<number, string>>>

type Message = keyof typeof BELOW

/** The largest field number of protobuf. C++ drops the bits above, so that a larger one would hide a field from us. */
const MOST_FIELD_NUMBER = 2 ** 29 - 1

/** Graphs inside graphs; protobuf itself ends at 100 messages. */
const MOST_DEPTH = 64

/**
 * Looks through an ONNX file for what would make its loading touch anything but the file itself: tensors whose values lie
 * in other files, wherever in the network they stand, and operators that are files themselves. Nothing is loaded.
 * @param name of the model, for messages
 * @throws {DomainError} `model_invalid`
 */
export async function checkOnnxFile(file: string, name: string): Promise<void> {
  // The library takes other endings for formats of its own.
  if (!file.endsWith('.onnx'))
    throw new DomainError('model_invalid', { name, reason: `${path.basename(file)} does not end in .onnx` })
  const source = await openFileSource(file)
  try {
    const walk = new OnnxWalk(new ProtobufReader(source))
    await walk.message('model', { number: 0, value: 0, start: 0, end: source.sizeBytes }, 0)
    if (walk.numGraphs === 0) throw new RangeError('no graph')
    if (walk.fault) throw new DomainError('model_invalid', { name, reason: walk.fault })
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new DomainError('model_invalid', { name, reason: `${source.name} is not a whole ONNX file`, cause })
  } finally {
    await source.close()
  }
}

class OnnxWalk {
  numGraphs = 0
  /** The first thing that is not accepted. */
  fault: string | null = null
  private readonly reader: ProtobufReader

  constructor(reader: ProtobufReader) {
    this.reader = reader
  }

  async message(kind: Message, { start, end }: ProtobufField, depth: number): Promise<void> {
    if (depth > MOST_DEPTH) throw new RangeError('graphs too deep')
    if (kind === 'graph') this.numGraphs++
    const below: Readonly<Record<number, string>> = BELOW[kind]
    for await (const field of this.reader.fields(start, end)) {
      if (field.number < 1 || field.number > MOST_FIELD_NUMBER) throw new RangeError(`field ${field.number}`)
      const next = below[field.number]
      if (next === undefined) continue
      if (next in BELOW) await this.message(next as Message, field, depth + 1)
      else await this.leaf(next, field)
    }
  }

  private async leaf(kind: string, field: ProtobufField): Promise<void> {
    if (kind === 'operator' && (await this.reader.text(field)) === 'EPContext')
      this.fault ??= 'its network is compiled for one device; export it as plain ONNX'
    // Any location but "in this file": C++ would read a larger number than the enumeration has as a smaller one.
    if (kind === 'external' || (kind === 'location' && field.value !== 0))
      this.fault ??= 'values of its network lie in other files; export it with the weights inside the ONNX file'
  }
}
