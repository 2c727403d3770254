import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { codeOf, int16Bytes, mrcBytes } from '../../../build/test-support/mrc-bytes.ts'
import type { MaskOperation } from '../../../shared/contract/mask-edit.ts'
import type { MaskBeginning } from '../mask-service-messages.ts'
import { KeptMasks } from './kept-masks.ts'
import { MaskSession } from './mask-session.ts'

let folder: string
let file: string
let kept: KeptMasks
let session: MaskSession | null
const DOT: MaskOperation = {
  ...{ kind: 'brush', label: 1, over: 'any', stroke: 's', axis: 'z', shape: 'disc', radius_vox: 0.5 },
  path_xyz: [[3, 2, 1]],
}
const EMPTY: MaskBeginning = { kind: 'empty', labels: [] }
const volume = () => ({ volume_ref: 'v', name: 'a.mrc', file, mode0: null })

function reconstruct(value: number, n = [7, 5, 3]): void {
  const voxels = new Array(n[0] * n[1] * n[2]).fill(value)
  writeFileSync(file, mrcBytes({ n, cell: n.map((size) => 10 * size), body: int16Bytes(voxels) }))
  later(file, value)
}
function later(name: string, minutes: number): void {
  utimesSync(name, new Date(), new Date(Date.now() + minutes * 60_000))
}

beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-kept-masks-'))
  file = path.join(folder, 'a.mrc')
  kept = new KeptMasks(path.join(folder, 'corrections'))
  reconstruct(1)
  session = await MaskSession.begin(kept, 'm', volume(), EMPTY)
  await session.apply(DOT, () => undefined)
})
afterEach(async () => {
  await session?.close(true)
  rmSync(folder, { recursive: true, force: true })
})

const offered = async () => (await kept.list(null)).kept.map((one) => one.kept)
/** Half a year without the volume. */
const makeOld = () => {
  const past = new Date(Date.now() - 180 * 24 * 3600 * 1000)
  utimesSync(kept.journalOf('m', 0), past, past)
}
const changeRecord = (change: (record: { volume: object; schema_version: number }) => void) => {
  const record = JSON.parse(readFileSync(kept.fileOf('m', 'mask.json'), 'utf8'))
  change(record)
  writeFileSync(kept.fileOf('m', 'mask.json'), JSON.stringify(record))
}

describe('changes that were kept', () => {
  it('are offered without a word when their volume was touched, or copied to its place again', async () => {
    later(file, 5)
    expect(await offered()).toEqual([expect.not.objectContaining({ doubt: expect.anything() })])
    copyFileSync(file, `${file}.copy`)
    renameSync(`${file}.copy`, file)
    expect(await offered()).toEqual([expect.not.objectContaining({ doubt: expect.anything() })])
  })

  it('are offered with a warning when the volume has changed, however long ago', async () => {
    reconstruct(2)
    makeOld()
    expect(await offered()).toMatchObject([{ mask_ref: 'm', doubt: 'changed' }])
    const again = await MaskSession.recover(kept, 'm', volume())
    expect(again.view().labels[0].voxels).toBe(1)
    await again.changeLabel({ mask_ref: 'm', value: 1, name: 'taken over' })
    await again.close(false)
    expect(await offered()).toEqual([expect.not.objectContaining({ doubt: expect.anything() })])
  })

  it('are offered with a warning when an earlier version noted too little of the volume', async () => {
    changeRecord((record) => delete (record.volume as { samples_sha256?: string }).samples_sha256)
    expect(await offered()).toEqual([expect.not.objectContaining({ doubt: expect.anything() })])
    later(file, 5)
    makeOld()
    expect(await offered()).toMatchObject([{ doubt: 'unknown' }])
  })

  it('are not laid over a volume of another shape, and stay', async () => {
    reconstruct(2, [5, 7, 3])
    expect(await offered()).toMatchObject([{ doubt: 'changed' }])
    await expect(MaskSession.recover(kept, 'm', volume())).rejects.toMatchObject({
      code: 'mask_grid_differs',
      message: expect.stringContaining('7 × 5 × 3 voxels (x, y, z), the file has 5 × 7 × 3'),
    })
    expect(existsSync(kept.journalOf('m', 0))).toBe(true)
  })

  it('stay for a while when their volume is gone, and are offered once it is back', async () => {
    renameSync(file, `${file}.away`)
    expect(await offered()).toEqual([])
    renameSync(`${file}.away`, file)
    expect(await offered()).toHaveLength(1)
    rmSync(file)
    makeOld()
    expect(await offered()).toEqual([])
    expect(existsSync(path.join(kept.folder, 'm'))).toBe(false)
  })

  it.each<[string, () => void]>([
    ['of a newer version', () => changeRecord((record) => (record.schema_version = 2))],
    ['damaged', () => writeFileSync(kept.fileOf('m', 'mask.json'), '{"schema')],
    ['missing', () => rmSync(kept.fileOf('m', 'mask.json'))],
    [
      'in a place that cannot be read',
      () => {
        rmSync(kept.fileOf('m', 'mask.json'))
        mkdirSync(kept.fileOf('m', 'mask.json'))
      },
    ],
  ])('stay and are told of when their record is %s', async (_name, harm) => {
    harm()
    makeOld()
    const { kept: found, unreadable } = await kept.list(null)
    expect(found).toEqual([])
    expect(unreadable.map((error) => error.toEnvelope())).toEqual([
      expect.objectContaining({
        code: 'mask_record_unreadable',
        hint: expect.stringContaining(path.join(kept.folder, 'm')),
      }),
    ])
    expect(existsSync(kept.journalOf('m', 0))).toBe(true)
    expect(await codeOf(() => MaskSession.recover(kept, 'm', volume()))).toMatch(/mask_(record|journal)_/)
  })

  it('do not hide those of another mask that can be read', async () => {
    const other = await MaskSession.begin(kept, 'n', volume(), EMPTY)
    await other.apply(DOT, () => undefined)
    writeFileSync(kept.fileOf('m', 'mask.json'), '')
    expect(await offered()).toMatchObject([{ mask_ref: 'n' }])
    await other.close(true)
  })
})

it('a folder that was never filled is removed', async () => {
  mkdirSync(path.join(kept.folder, 'empty'))
  expect((await kept.list(null)).unreadable).toEqual([])
  expect(existsSync(path.join(kept.folder, 'empty'))).toBe(false)
})

describe('a volume that is written anew while its mask is corrected', () => {
  it('is grown through no more, and drawing goes on', async () => {
    const grow: MaskOperation = { kind: 'grow', label: 2, low: 0, high: 9, reach_vox: 9, seed_xyz: [0, 0, 0] }
    later(file, 3)
    await session?.apply(grow, () => undefined)
    expect(session?.view().labels).toContainEqual(expect.objectContaining({ value: 2, voxels: 7 * 5 * 3 - 1 }))
    reconstruct(5)
    expect(await codeOf(() => session?.apply({ ...grow, label: 3 }, () => undefined) as Promise<unknown>)).toBe(
      'file_changed',
    )
    expect(await session?.hasVolumeChanged()).toBe(true)
    await session?.apply({ ...DOT, label: 4 } as MaskOperation, () => undefined)
    expect(session?.view().labels).toContainEqual(expect.objectContaining({ value: 4, voxels: 1 }))
  })
})

describe('the runs that kept masks began with', () => {
  it('are known, unless one of the records cannot be read', async () => {
    const mask = path.join(folder, 'mask.mrc')
    copyFileSync(file, mask)
    const from: MaskBeginning = { kind: 'run', name: 'Demo', file: mask, labels: [], run_ref: 'the-run' }
    const other = await MaskSession.begin(kept, 'n', volume(), from)
    await other.apply({ ...DOT, label: 3 } as MaskOperation, () => undefined)
    expect(await kept.runRefs()).toEqual(new Set(['the-run']))
    writeFileSync(kept.fileOf('m', 'mask.json'), '')
    expect(await kept.runRefs()).toBeNull()
    await other.close(true)
  })
})
