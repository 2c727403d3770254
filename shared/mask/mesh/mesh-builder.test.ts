import { describe, expect, it } from 'vitest'
import { numVoxels, type Zyx } from '../../volume/zyx.ts'
import { enclosedVolume, type Mesh, MeshBuilder, MeshTooLarge } from './mesh-builder.ts'

function meshOf(labels: ArrayLike<number>, shape: Zyx, label = 1): Mesh {
  const builder = new MeshBuilder(shape, label, 1e6)
  const plane = shape[1] * shape[2]
  for (let z = 0; z < shape[0]; z++) builder.add(Array.from({ length: plane }, (_, i) => labels[z * plane + i]))
  return builder.finish()
}

/** How many triangles go along each edge in each direction; a closed oriented surface has one each way. */
function expectClosed({ triangles }: Mesh): void {
  const seen = new Map<string, number>()
  for (let i = 0; i < triangles.length; i += 3)
    for (let side = 0; side < 3; side++) {
      const key = `${triangles[i + side]} ${triangles[i + ((side + 1) % 3)]}`
      seen.set(key, (seen.get(key) ?? 0) + 1)
    }
  for (const [key, count] of seen) {
    if (count !== 1) throw new Error(`edge ${key} has ${count} triangles on one side`)
    const back = key.split(' ').reverse().join(' ')
    if (seen.get(back) !== 1) throw new Error(`edge ${key} has ${seen.get(back) ?? 0} triangles on the other side`)
  }
}

/** The triangles around each point are one fan: no two parts of the surface touch in a point only. */
function expectOneFanPerPoint({ triangles }: Mesh): void {
  const around = new Map<number, Map<number, number>>()
  for (let i = 0; i < triangles.length; i += 3)
    for (let side = 0; side < 3; side++) {
      const [at, from, to] = [0, 1, 2].map((step) => triangles[i + ((side + step) % 3)])
      const fan = around.get(at) ?? new Map<number, number>()
      around.set(at, fan.set(from, to))
    }
  for (const [point, fan] of around) {
    const [first] = fan.keys()
    let steps = 0
    let at = first
    do {
      at = fan.get(at) ?? first
      steps++
    } while (at !== first && steps <= fan.size)
    if (steps !== fan.size) throw new Error(`point ${point}: a fan of ${steps} of ${fan.size} triangles`)
  }
}

describe('the surface of a label', () => {
  it('is closed and has one fan at each point for all 256 neighbourhoods, also in pairs', () => {
    for (let code = 1; code < 256; code++) {
      const cube = Array.from({ length: 8 }, (_, corner) => (code >> corner) & 1)
      const mesh = meshOf(cube, [2, 2, 2])
      expectClosed(mesh)
      expectOneFanPerPoint(mesh)
      expect(enclosedVolume(mesh)).toBeGreaterThan(0)
    }
  })

  it('is closed for noise, which has every pair of neighbourhoods', () => {
    let state = 7
    for (const share of [0.2, 0.5, 0.8]) {
      const shape: Zyx = [9, 11, 13]
      const noise = Array.from({ length: numVoxels(shape) }, () => {
        state = (state * 1103515245 + 12345) % 2147483648
        return state / 2147483648 < share ? 1 : 0
      })
      const mesh = meshOf(noise, shape)
      expectClosed(mesh)
      expectOneFanPerPoint(mesh)
    }
  })

  it('is half a voxel outside the centres of a box, at its own place', () => {
    const shape: Zyx = [6, 8, 10]
    const labels = new Uint8Array(numVoxels(shape))
    for (let z = 1; z < 4; z++) for (let y = 2; y < 6; y++) for (let x = 3; x < 8; x++) labels[(z * 8 + y) * 10 + x] = 5
    const { pointsXyz } = meshOf(labels, shape, 5)
    const along = (axis: number) => pointsXyz.filter((_, i) => i % 3 === axis)
    expect([0, 1, 2].map((axis) => [Math.min(...along(axis)), Math.max(...along(axis))])).toEqual([
      [2.5, 7.5],
      [1.5, 5.5],
      [0.5, 3.5],
    ])
  })

  it('encloses the volume of the voxels of a ball within two percent', () => {
    const shape: Zyx = [40, 44, 48]
    const labels = new Uint8Array(numVoxels(shape))
    let voxels = 0
    for (let z = 0, i = 0; z < 40; z++)
      for (let y = 0; y < 44; y++)
        for (let x = 0; x < 48; x++, i++)
          if (Math.hypot(z - 19.5, y - 22, x - 23) <= 15) {
            labels[i] = 1
            voxels++
          }
    const mesh = meshOf(labels, shape)
    expectClosed(mesh)
    expect(enclosedVolume(mesh) / voxels).toBeGreaterThan(0.98)
    expect(enclosedVolume(mesh) / voxels).toBeLessThan(1.02)
  })

  it('is closed at the border of the volume', () => {
    const mesh = meshOf(new Uint8Array(3 * 5 * 7).fill(1), [3, 5, 7])
    expectClosed(mesh)
    expect(enclosedVolume(mesh)).toBeGreaterThan(90)
  })

  it('stops when there are too many triangles', () => {
    const builder = new MeshBuilder([2, 5, 7], 1, 10)
    expect(() => builder.add(new Uint8Array(35).map((_, i) => i % 2))).toThrow(MeshTooLarge)
  })
})
