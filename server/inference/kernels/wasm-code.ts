/**
 * The instructions of WebAssembly that the kernels are made of, and the module around them. A kernel is short enough to be
 * written down in them: it needs no compiler, no file beside the program and no step of the build.
 * @see https://webassembly.github.io/spec/core/binary/instructions.html
 */
export type Code = readonly number[]

export type ValueType = 'i32' | 'f32' | 'v128'

const VALUE_TYPES = { i32: 0x7f, f32: 0x7d, v128: 0x7b } as const

/** All that 32 bits reach, in pages of 64 KiB. */
export const MOST_PAGES = 65536
export const PAGE_BYTES = 65536

/** LEB128. @param value not negative */
function unsigned(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest >= 128) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  return [...bytes, rest]
}

function signed(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest < -64 || rest >= 64) {
    bytes.push((rest & 127) | 128)
    rest >>= 7
  }
  return [...bytes, rest & 127]
}

const floatBytes = (value: number): number[] => [...new Uint8Array(new Float32Array([value]).buffer)]

/** An instruction behind its operands. */
const plain =
  (opcode: number) =>
  (...operands: Code[]): Code => [...operands.flat(), opcode]

const simd =
  (opcode: number, ...immediate: number[]) =>
  (...operands: Code[]): Code => [...operands.flat(), 0xfd, ...unsigned(opcode), ...immediate]

/** Addresses are multiples of four bytes. */
const FOUR_BYTES = 2

const simdAt = (opcode: number, offset = 0) => simd(opcode, FOUR_BYTES, ...unsigned(offset))

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  add: plain(0x6a),
  sub: plain(0x6b),
  and: plain(0x71),
  or: plain(0x72),
  shiftLeft: plain(0x74),
  equal: plain(0x46),
  notEqual: plain(0x47),
  /** As addresses, without a sign. */
  less: plain(0x49),
}

export const f32 = {
  load: (address: Code): Code => [...address, 0x2a, FOUR_BYTES, 0],
  store: (address: Code, value: Code): Code => [...address, ...value, 0x38, FOUR_BYTES, 0],
  add: plain(0x92),
  mul: plain(0x94),
}

export const v128 = {
  load: (address: Code, offset = 0): Code => simdAt(0x00, offset)(address),
  loadSplat: (address: Code): Code => simdAt(0x09)(address),
  store: (address: Code, value: Code, offset = 0): Code => simdAt(0x0b, offset)(address, value),
  /** Stores the first 32 or 64 bits, at any address. */
  storeFirst32: (address: Code, value: Code): Code => [...address, ...value, 0xfd, 0x5a, 0, 0, 0],
  storeFirst64: (address: Code, value: Code): Code => [...address, ...value, 0xfd, 0x5b, 0, 0, 0],
  and: simd(0x4e),
  or: simd(0x50),
  /** Bits of the first operand where the third has ones, else of the second. */
  select: simd(0x52),
  anyTrue: simd(0x53),
}

const fourOf = (bytes: number[]): Code => [0xfd, 0x0c, ...bytes, ...bytes, ...bytes, ...bytes]

export const f32x4 = {
  const: (value: number): Code => fourOf(floatBytes(value)),
  notEqual: simd(0x42),
  less: simd(0x43),
  greater: simd(0x44),
  floor: simd(0x68),
  abs: simd(0xe0),
  add: simd(0xe4),
  sub: simd(0xe5),
  mul: simd(0xe6),
  div: simd(0xe7),
  max: simd(0xe9),
}

export const i32x4 = {
  const: (value: number): Code => fourOf([...new Uint8Array(new Int32Array([value]).buffer)]),
  allTrue: simd(0xa3),
  shiftLeft: simd(0xab),
  add: simd(0xae),
  /** Values out of range become the nearest in range, NaN becomes 0. */
  fromFloat: simd(0xf8),
  /** Eight 16-bit values of two times four; out of range becomes the nearest in range. */
  narrow: simd(0x86),
}

/** Sixteen bytes of two times eight 16-bit values; out of range becomes the nearest in range. */
export const i16x8 = { narrow: simd(0x66) }

/** Repeats the body while the condition is not 0. */
export const loopWhile = (condition: Code, ...body: Code[]): Code => [
  ...[0x02, 0x40, 0x03, 0x40],
  ...[...condition, 0x45, 0x0d, 1],
  ...body.flat(),
  ...[0x0c, 0, 0x0b, 0x0b],
]

export const when = (condition: Code, then: Code[], otherwise: Code[] = []): Code => [
  ...[...condition, 0x04, 0x40],
  ...then.flat(),
  ...(otherwise.length > 0 ? [0x05, ...otherwise.flat()] : []),
  0x0b,
]

/** A variable of a function by its place. */
export interface Variable {
  get: Code
  set(value: Code): Code
}

type Variables<T extends string> = Readonly<Record<T, Variable>>

/** A function that the module exports; parameters are i32. */
export interface WasmFunction {
  name: string
  numParameters: number
  locals: readonly ValueType[]
  /** Leaves an i32 where `hasResult`. */
  body: Code
  hasResult: boolean
}

/** Names the variables of a function: parameters first. */
export function wasmFunction<P extends string, L extends string>(
  name: string,
  parameters: readonly P[],
  locals: Readonly<Record<L, ValueType>>,
  write: (variables: Variables<P | L>) => { body: Code[]; result?: Code },
): WasmFunction {
  const names = [...parameters, ...(Object.keys(locals) as L[])]
  const variable = (index: number): Variable => ({
    get: [0x20, ...unsigned(index)],
    set: (value) => [...value, 0x21, ...unsigned(index)],
  })
  const variables = Object.fromEntries(names.map((one, index) => [one, variable(index)])) as Variables<P | L>
  const { body, result } = write(variables)
  return {
    name,
    numParameters: parameters.length,
    locals: Object.values<ValueType>(locals),
    body: [...body.flat(), ...(result ?? [])],
    hasResult: result !== undefined,
  }
}

const vector = (items: readonly Code[]): number[] => [...unsigned(items.length), ...items.flat()]
const named = (name: string): number[] => vector([...Buffer.from(name)].map((byte) => [byte]))
const section = (id: number, items: readonly Code[]): number[] => {
  const content = vector(items)
  return [id, ...unsigned(content.length), ...content]
}

/** A module of one function over a shared memory, imported as `host.memory`. */
export function wasmModule({ name, numParameters, locals, body, hasResult }: WasmFunction): Uint8Array<ArrayBuffer> {
  const parameters = Array.from({ length: numParameters }, () => [VALUE_TYPES.i32])
  const type = [0x60, ...vector(parameters), ...vector(hasResult ? [[VALUE_TYPES.i32]] : [])]
  const memory = [...named('host'), ...named('memory'), 0x02, 0x03, 1, ...unsigned(MOST_PAGES)]
  const code = [...vector(locals.map((local) => [1, VALUE_TYPES[local]])), ...body, 0x0b]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [type]),
    ...section(2, [memory]),
    ...section(3, [[0]]),
    ...section(7, [[...named(name), 0x00, 0]]),
    ...section(10, [[...unsigned(code.length), ...code]]),
  ])
}
