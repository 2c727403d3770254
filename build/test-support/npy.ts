import { readFileSync } from 'node:fs'

/** Reads a C-order .npy file of float32, float64, float16 (as bits) or uint8. Shape as stored. */
export function readNpy(file: string): {
  shape: number[]
  data: Float32Array | Float64Array | Uint16Array | Uint8Array
} {
  const bytes = readFileSync(file)
  const start = bytes[6] === 1 ? 10 + bytes.readUInt16LE(8) : 12 + bytes.readUInt32LE(8)
  const header = bytes.toString('latin1', 10, start)
  const shape = [...(/'shape': \(([^)]*)\)/.exec(header)?.[1] ?? '').matchAll(/\d+/g)].map((found) => Number(found[0]))
  const descr = /'descr': '([^']+)'/.exec(header)?.[1] ?? ''
  if (header.includes("'fortran_order': True")) throw new Error(`${file} is in Fortran order`)
  const body = new Uint8Array(bytes.subarray(start)).buffer
  if (descr === '<f4') return { shape, data: new Float32Array(body) }
  if (descr === '<f8') return { shape, data: new Float64Array(body) }
  if (descr === '<f2') return { shape, data: new Uint16Array(body) }
  if (descr === '|u1') return { shape, data: new Uint8Array(body) }
  throw new Error(`${file} holds ${descr}`)
}
