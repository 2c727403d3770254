import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, it, vi } from 'vitest'
import type { BridgeInput } from '../../shared/contract/bridge.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-pictures-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let chosen = ''
const asked: string[] = []
vi.mock('electron', () => ({
  dialog: {
    showSaveDialog: async (_window: unknown, { defaultPath }: { defaultPath: string }) => {
      asked.push(defaultPath)
      return { canceled: chosen === '', filePath: chosen }
    },
  },
}))
const { Pictures } = await import('./pictures.ts')

const volume = { name: 'tomo.mrc.gz', size_bytes: 5, format: 'mrc', shape_zyx: [3, 5, 7], voxel_size_zyx: null }
let numRefs = 0
const pictures = new Pictures({
  getWindow: () => ({}) as never,
  files: {
    find: (ref: string) => {
      if (ref !== 'v') throw new DomainError('volume_not_open')
      return { volume: { ...volume, unit: null, mode0: null } as never, file: '/data/tomo.mrc.gz' }
    },
  },
  newRef: () => `ref-${++numRefs}`,
  resultsFolder: () => '/results',
  programVersion: '1.2.3',
})
const order = (ending: 'png' | 'webm') =>
  ({ volume_ref: 'v', ending, facts: { kind: 'slices', frames: 3 } }) as BridgeInput<'picture.begin'>
const bytes = (text: string) => new TextEncoder().encode(text)

it('writes a movie by parts, and beside it what it was made of', async () => {
  chosen = path.join(folder, 'a')
  const begun = await pictures.begin(order('webm'))
  if (!begun) throw new Error('no picture')
  expect(asked.at(-1)).toBe('/results/tomo_slices.webm')
  expect(begun).toMatchObject({ name: 'a.webm', application: 'CryoMamba 1.2.3' })
  const { picture_ref } = begun
  await pictures.write({ picture_ref, at: 0, bytes: bytes('headframes') })
  await pictures.write({ picture_ref, at: 0, bytes: bytes('HEAD') })
  expect(existsSync(path.join(folder, 'a.webm'))).toBe(false)
  expect(await pictures.finish({ picture_ref })).toEqual({ name: 'a.webm', size_bytes: 10, warnings: [] })
  expect(readFileSync(path.join(folder, 'a.webm'), 'utf8')).toBe('HEADframes')
  const beside = JSON.parse(readFileSync(path.join(folder, 'a.webm.provenance.json'), 'utf8'))
  expect(beside).toEqual(JSON.parse(begun.provenance))
  expect(beside).toMatchObject({ file: 'a.webm', input: { filename: 'tomo.mrc.gz' }, picture: { frames: 3 } })
  expect(JSON.stringify(beside)).not.toContain('/data')
  await expect(pictures.write({ picture_ref, at: 0, bytes: bytes('x') })).rejects.toMatchObject({
    code: 'picture_not_open',
  })
})

it('leaves nothing of what is discarded, by the window or because it is gone', async () => {
  for (const end of [(ref: string) => pictures.discard({ picture_ref: ref }), () => pictures.discardAll()]) {
    chosen = path.join(folder, 'b.PNG')
    const begun = await pictures.begin(order('png'))
    await pictures.write({ picture_ref: begun?.picture_ref ?? '', at: 0, bytes: bytes('x') })
    expect(existsSync(`${chosen}.partial`)).toBe(true)
    await end(begun?.picture_ref ?? '')
    expect([chosen, `${chosen}.partial`].map((file) => existsSync(file))).toEqual([false, false])
  }
})

it('puts nothing beside a PNG, begins nothing without a place, and refuses another volume', async () => {
  chosen = path.join(folder, 'c.PNG')
  const begun = await pictures.begin(order('png'))
  await pictures.finish({ picture_ref: begun?.picture_ref ?? '' })
  expect([chosen, `${chosen}.provenance.json`].map((file) => existsSync(file))).toEqual([true, false])
  chosen = ''
  expect(await pictures.begin(order('png'))).toBeNull()
  await expect(pictures.begin({ ...order('png'), volume_ref: 'other' })).rejects.toMatchObject({
    code: 'volume_not_open',
  })
})
