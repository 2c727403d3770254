import { expect, it } from 'vitest'
import { BitPlanes } from './bit-planes.ts'

it('gives the planes back that were written last, also where a plane does not fill its last byte', () => {
  for (const [ny, nx] of [
    [2, 4],
    [3, 5],
    [7, 9],
  ]) {
    const planes = new BitPlanes([2, ny, nx])
    const written = [3, 2].map((every) => Uint8Array.from({ length: ny * nx }, (_, i) => (i % every === 0 ? 1 : 0)))
    planes.write(0, new Uint8Array(ny * nx).fill(1))
    for (const [z, plane] of written.entries()) planes.write(z, plane)
    for (const [z, plane] of written.entries()) expect(planes.read(z)).toEqual(plane)
  }
})
