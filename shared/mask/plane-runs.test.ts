import { describe, expect, it } from 'vitest'
import { type PlaneRuns, RunReader } from './plane-runs.ts'

/** The plane that the runs say, and that they are the longest there are. */
function painted(runs: PlaneRuns, nx: number): number[] {
  const out: number[] = []
  for (let y = 0; y + 1 < runs.rows.length; y++) {
    const row = new Array<number>(nx).fill(0)
    for (let run = runs.rows[y]; run < runs.rows[y + 1]; run++) {
      const [start, end, label] = [runs.starts[run], runs.ends[run], runs.labels[run]]
      expect(label === 0 || start >= end || row[start - 1] === label).toBe(false)
      row.fill(label, start, end)
    }
    out.push(...row)
  }
  return out
}

/** Labels of a few values, with stretches of background of any length; the same for the same seed. */
function patchy(length: number, seed: number): number[] {
  let state = seed
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const out: number[] = []
  while (out.length < length) {
    const label = next() < 0.5 ? 0 : [1, 2, 255, 256, 65535][Math.floor(next() * 5)]
    for (let n = 1 + Math.floor(next() * (label === 0 ? 9 : 4)); n > 0; n--) out.push(label)
  }
  return out.slice(0, length)
}

describe('RunReader', () => {
  it('finds all runs whatever the width, the start of the plane in its memory and its type', () => {
    for (let nx = 1; nx <= 9; nx++)
      for (let ny = 1; ny <= 5; ny++) {
        const reader = new RunReader([1, ny, nx])
        for (let seed = 1; seed <= 12; seed++) {
          const plane = patchy(ny * nx, seed * nx)
          const bytes = plane.map((label) => label % 256)
          const shifted = new Uint8Array(new ArrayBuffer(64), seed % 8, ny * nx)
          shifted.set(bytes)
          expect(painted(reader.read(plane), nx)).toEqual(plane)
          expect(painted(reader.read(Uint16Array.from([7, ...plane]).subarray(1)), nx)).toEqual(plane)
          expect(painted(reader.read(shifted), nx)).toEqual(bytes)
        }
      }
  })

  it('finds one voxel wherever it is, and none in an empty plane', () => {
    const reader = new RunReader([1, 3, 5])
    for (let at = 0; at < 15; at++) {
      const plane = new Uint8Array(15)
      plane[at] = 200
      const runs = reader.read(plane)
      expect(runs.size).toBe(1)
      expect(painted(runs, 5)).toEqual([...plane])
      expect(reader.read(new Uint8Array(15)).size).toBe(0)
    }
  })

  it('ends runs with their row, and leaves the runs of a plane while the next is read', () => {
    const reader = new RunReader([3, 2, 3])
    const first = reader.read([0, 4, 4, 4, 4, 0])
    expect([...first.rows]).toEqual([0, 1, 2])
    reader.read([1, 2, 3, 4, 5, 6])
    expect(painted(first, 3)).toEqual([0, 4, 4, 4, 4, 0])
  })

  it('holds as many runs as a plane can have', () => {
    const plane = Array.from({ length: 60 * 70 }, (_, i) => 1 + (i % 2))
    expect(painted(new RunReader([1, 60, 70]).read(plane), 70)).toEqual(plane)
  })

  it('refuses planes of another size, and volumes without voxels', () => {
    expect(() => new RunReader([1, 2, 2]).read([1])).toThrow(RangeError)
    expect(() => new RunReader([1, 0, 2])).toThrow(RangeError)
    expect(() => new RunReader([1, 1.5, 2])).toThrow(RangeError)
  })
})
