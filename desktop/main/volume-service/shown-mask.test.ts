import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { int16Bytes, mrcBytes } from '../../../build/test-support/mrc-bytes.ts'
import { openVolumeFile } from '../../../shared/node/volume-file.ts'
import { ShownMask } from './shown-mask.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-shown-mask-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const [NX, NY, NZ] = [7, 5, 3]
const labelAt = (x: number, y: number, z: number) => (x * 31 + y * 7 + z * 3) % 5

async function shownMask(mode: 0 | 6, smallBytes: number): Promise<ShownMask> {
  const file = path.join(folder, `${mode}.mrc`)
  const labels = Array.from({ length: NX * NY * NZ }, (_, i) =>
    labelAt(i % NX, Math.floor(i / NX) % NY, Math.floor(i / (NX * NY))),
  )
  writeFileSync(
    file,
    mrcBytes({ n: [NX, NY, NZ], mode, body: mode === 0 ? Uint8Array.from(labels) : int16Bytes(labels) }),
  )
  return new ShownMask(await openVolumeFile(file), smallBytes)
}

it.each([
  ['bytes, across x from the file', 0, 1e6],
  ['bytes, across x from bricks', 0, 1],
  ['16 bits, across x from bricks', 6, 1],
] as const)('gives exactly the labels of every slice: %s', async (_name, mode, smallBytes) => {
  const mask = await shownMask(mode, smallBytes)
  for (const [axis, size] of [
    ['x', NX],
    ['y', NY],
    ['z', NZ],
  ] as const)
    for (let index = 0; index < size; index++) {
      const { shapeZyx, labels } = await mask.slice(axis, index)
      const expected: number[] = []
      for (let z = 0; z < NZ; z++)
        for (let y = 0; y < NY; y++)
          for (let x = 0; x < NX; x++) if ({ x, y, z }[axis] === index) expected.push(labelAt(x, y, z))
      expect([...labels]).toEqual(expected)
      expect(shapeZyx).toEqual([axis === 'z' ? 1 : NZ, axis === 'y' ? 1 : NY, axis === 'x' ? 1 : NX])
      expect(labels).toBeInstanceOf(mode === 0 ? Uint8Array : Uint16Array)
    }
  expect(await mask.labelAt([2, 3, 4])).toBe(labelAt(4, 3, 2))
  await mask.close()
})
