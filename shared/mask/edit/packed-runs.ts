/**
 * Labels as runs: each a label and a length, both as LEB128 numbers. A brick of one label takes four bytes, one of noise
 * at most four bytes a voxel.
 *
 * @param labels any order, 0 to 65535. Not changed.
 * @returns a new array of exactly the size needed
 */
export function packRuns(labels: Uint16Array): Uint8Array {
  let bytes = new Uint8Array(256)
  let size = 0
  for (let at = 0; at < labels.length; ) {
    const label = labels[at]
    const start = at
    while (at < labels.length && labels[at] === label) at++
    if (size + 16 > bytes.length) bytes = grown(bytes)
    size = writeNumber(bytes, size, label)
    size = writeNumber(bytes, size, at - start)
  }
  return bytes.slice(0, size)
}

/** Fills `out` from runs of `packRuns`. @throws RangeError when the runs are damaged or do not fill it exactly */
export function unpackRuns(packed: Uint8Array, out: Uint16Array): void {
  const reader = { bytes: packed, at: 0 }
  let done = 0
  while (reader.at < packed.length) {
    const label = readNumber(reader)
    const end = done + readNumber(reader)
    if (end > out.length || label > 0xffff) throw new RangeError('packed labels are damaged')
    out.fill(label, done, end)
    done = end
  }
  if (done !== out.length) throw new RangeError(`packed labels of ${done} voxels, not ${out.length}`)
}

function grown(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes.length * 2)
  larger.set(bytes)
  return larger
}

function writeNumber(bytes: Uint8Array, at: number, value: number): number {
  let rest = value
  while (rest >= 0x80) {
    bytes[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[at++] = rest
  return at
}

function readNumber(reader: { bytes: Uint8Array; at: number }): number {
  let value = 0
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = reader.bytes[reader.at++]
    if (byte === undefined) break
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return value
  }
  throw new RangeError('packed labels are damaged')
}
