import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { codeOf, int16Bytes, type MrcWords, mrcBytes } from '../../../build/test-support/mrc-bytes.ts'
import type { MaskOperation } from '../../../shared/contract/mask-edit.ts'
import { levelPatch } from '../../../shared/mask/edit/level-patch.ts'
import { sliceBox } from '../../../shared/mask/edit/plane-axes.ts'
import { openVolumeFile } from '../../../shared/node/volume-file.ts'
import { applyAffine } from '../../../shared/volume/affine.ts'
import type { MaskBeginning } from '../mask-service-messages.ts'
import { KeptMasks } from './kept-masks.ts'
import { MaskSession } from './mask-session.ts'
import { ProbabilityFiles } from './probability-files.ts'
import { saveMask } from './save-mask.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-mask-session-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let counter = 0

const N = 7 * 5 * 3

/** A file of 7 × 5 × 3 voxels (x, y, z) of 10, 20 and 30 Å, in 16 bits. */
function volumeFile(value: (index: number) => number, words: MrcWords = {}): string {
  const file = path.join(folder, `${++counter}.mrc`)
  const values = Array.from({ length: N }, (_, index) => value(index))
  writeFileSync(file, mrcBytes({ cell: [70, 100, 90], body: int16Bytes(values), ...words }))
  return file
}

function volumeOf(file: string) {
  return { volume_ref: 'v', name: path.basename(file), file, mode0: null }
}

const newKept = () => new KeptMasks(path.join(folder, `kept-${++counter}`))
const fileBeginning = (file: string): MaskBeginning => ({
  kind: 'file',
  name: 'mask.mrc',
  file,
  mode0: null,
  labels: [],
})

function dot(x: number, y: number, z: number, label = 1): MaskOperation {
  const at = { stroke: `s${x}${y}${z}`, axis: 'z', shape: 'disc', radius_vox: 0.5, path_xyz: [[x, y, z]] } as const
  return { kind: 'brush', label, over: 'any', ...at, path_xyz: [[x, y, z]] }
}

const apply = (session: MaskSession, operation: MaskOperation) => session.apply(operation, () => undefined)
const labels = ({ editor }: MaskSession) => [...editor.bricks.readBox([0, 0, 0], [3, 5, 7])]
const header = async (file: string) => {
  const source = await openVolumeFile(file)
  const voxels = [...((await source.readSlab(0, source.header.shapeZyx[0])) as Uint8Array)]
  await source.close()
  return { header: source.header, voxels }
}

function save(session: MaskSession, file: string, part: { labels?: number[]; is_cropped?: boolean } = {}) {
  const { bricks, counts } = session.editor
  const { source: volume, format, record } = session
  const mask = {
    bricks,
    counts,
    header: volume.header,
    volume,
    format,
    record,
    hasVolumeChanged: false,
    programVersion: '0.1.0',
  }
  return saveMask(mask, { file, labels: part.labels ?? null, is_cropped: part.is_cropped ?? false })
}

describe('a mask that is being corrected', () => {
  it('begins with the labels of a file on the same grid, and counts them', async () => {
    const session = await MaskSession.begin(
      newKept(),
      'm',
      volumeOf(volumeFile(() => 0)),
      fileBeginning(volumeFile((i) => (i % 7 === 2 ? 3 : i % 7 === 4 ? 400 : 0))),
    )
    expect(session.view()).toMatchObject({ origin: 'file', num_operations: 0, is_unsaved: false, undo_name: null })
    expect(session.view().labels.map(({ value, voxels }) => [value, voxels])).toEqual([
      [3, 15],
      [400, 15],
    ])
    await session.close(false)
  })

  it.each<[string, MrcWords, RegExp]>([
    ['another shape', { n: [5, 7, 3] }, /5 × 7 × 3 voxels.*7 × 5 × 3/],
    ['another voxel size', { cell: [70, 100, 91.5] }, /30\.5 angstrom/],
  ])('refuses a mask with %s', async (_name, words, reason) => {
    const mask = volumeFile(() => 1, words)
    const begin = MaskSession.begin(newKept(), 'm', volumeOf(volumeFile(() => 0)), fileBeginning(mask))
    await expect(begin).rejects.toMatchObject({ code: 'mask_grid_differs', message: expect.stringMatching(reason) })
  })

  it('refuses values that are no labels', async () => {
    const begin = () =>
      MaskSession.begin(newKept(), 'm', volumeOf(volumeFile(() => 0)), fileBeginning(volumeFile(() => -1)))
    expect(await codeOf(begin)).toBe('request_invalid')
  })

  it.each([
    ['asks for the sign of bytes over 127', null, null],
    ['takes bytes over 127 as labels where they are unsigned', 'unsigned', [3, 200]],
    ['takes them as background where they are signed', 'signed', [3]],
  ] as const)('%s', async (_name, mode0, expected) => {
    const body = Uint8Array.from({ length: N }, (_, i) => (i === 4 ? 3 : i === 9 ? 200 : 0))
    const file = volumeFile(() => 0, { mode: 0, body })
    const beginning = { ...(fileBeginning(file) as MaskBeginning & { kind: 'file' }), mode0 }
    const begin = () => MaskSession.begin(newKept(), 'm', volumeOf(volumeFile(() => 0)), beginning)
    if (!expected) return expect(await codeOf(begin)).toBe('mask_sign_doubtful')
    const session = await begin()
    expect(session.view().labels.map(({ value }) => value)).toEqual(expected)
    await session.close(false)
  })

  it('asks nothing where all bytes are below 128', async () => {
    const body = Uint8Array.from({ length: N }, (_, i) => i)
    const file = volumeFile(() => 0, { mode: 0, body })
    const session = await MaskSession.begin(newKept(), 'm', volumeOf(volumeFile(() => 0)), fileBeginning(file))
    expect(session.view().labels).toHaveLength(N - 1)
    await session.close(false)
  })

  it('has names and colours of an exported mask again, unless its labels are others now', async () => {
    const volume = volumeOf(volumeFile(() => 0))
    const session = await MaskSession.begin(newKept(), 'm', volume, { kind: 'empty', labels: [] })
    await session.changeLabel({ mask_ref: 'm', value: 4, name: 'membrane', color: '#445566' })
    await apply(session, dot(3, 2, 1, 4))
    const out = path.join(folder, 'named.mrc')
    await save(session, out)
    const again = await MaskSession.begin(newKept(), 'n', volume, fileBeginning(out))
    expect(again.view().labels).toMatchObject([{ value: 4, name: 'membrane', color: '#445566', is_locked: false }])
    await apply(session, dot(5, 2, 1, 4))
    const provenance = readFileSync(`${out}.provenance.json`)
    await save(session, out)
    writeFileSync(`${out}.provenance.json`, provenance)
    const changed = await MaskSession.begin(newKept(), 'o', volume, fileBeginning(out))
    expect(changed.view().labels).toMatchObject([{ value: 4, name: 'Label 4' }])
    for (const one of [session, again, changed]) await one.close(true)
  })

  it('begins with the names that are known, then other labels that occur', async () => {
    const beginning = { ...fileBeginning(volumeFile((i) => (i < 9 ? 2 : i < 20 ? 7 : 0))) } as MaskBeginning
    const known = [
      { value: 9, name: 'vesicle', color: '#010203' },
      { value: 2, name: 'ribosome', color: '#112233' },
    ]
    const from = { ...beginning, labels: known }
    const session = await MaskSession.begin(newKept(), 'm', volumeOf(volumeFile(() => 0)), from)
    expect(session.view().labels.map(({ value, name, voxels }) => [value, name, voxels])).toEqual([
      [9, 'vesicle', 0],
      [2, 'ribosome', 9],
      [7, 'Label 7', 11],
    ])
    await session.close(false)
  })

  it('has all changes that were answered after a crash, and offers them', async () => {
    const kept = newKept()
    const volume = volumeOf(volumeFile(() => 0))
    const session = await MaskSession.begin(kept, 'm', volume, fileBeginning(volumeFile((i) => (i < 7 ? 2 : 0))))
    await session.changeLabel({ mask_ref: 'm', value: 9, name: 'ribosome', color: '#112233', is_locked: true })
    await apply(session, dot(3, 2, 1))
    await apply(session, dot(0, 0, 0, 0))
    await apply(session, { kind: 'fill', label: 5, axis: 'z', seed_xyz: [0, 0, 2] })
    await session.undo()
    await session.redo()
    const before = labels(session)
    // No close: the process was killed.
    const [offered] = (await kept.list(null)).kept
    expect(offered.kept).toMatchObject({ mask_ref: 'm', volume_name: volume.name, num_operations: 5 })
    const again = await MaskSession.recover(kept, 'm', volume)
    expect(labels(again)).toEqual(before)
    expect(again.view()).toMatchObject({ is_unsaved: true, num_operations: 5 })
    expect(again.view().labels).toContainEqual(
      expect.objectContaining({ value: 9, name: 'ribosome', color: '#112233', is_locked: true }),
    )
    await apply(again, dot(1, 1, 1))
    expect((await kept.list(null)).kept[0].kept.num_operations).toBe(6)
    await again.close(true)
    await session.close(true)
    expect(await kept.list(null)).toEqual({ kept: [], unreadable: [] })
  })

  it('undoes and redoes after a crash what could be undone and redone before it', async () => {
    const kept = newKept()
    const volume = volumeOf(volumeFile(() => 0))
    const session = await MaskSession.begin(kept, 'm', volume, fileBeginning(volumeFile((i) => (i < 7 ? 2 : 0))))
    const stroke = (x: number) => ({ ...(dot(x, 1, 1) as MaskOperation & { kind: 'brush' }), stroke: 'one' })
    for (const x of [1, 2, 3]) await apply(session, stroke(x))
    await apply(session, { kind: 'fill', label: 5, axis: 'z', seed_xyz: [0, 0, 2] })
    await apply(session, dot(0, 0, 0, 0))
    await apply(session, dot(6, 4, 2, 9))
    await session.undo()
    await session.undo()
    await session.redo()
    const again = await MaskSession.recover(kept, 'm', volume)
    const both = [session, again]
    for (const step of ['redo', 'redo', 'undo', 'undo', 'undo', 'undo', 'undo', 'redo'] as const) {
      const [one, other] = both.map(({ editor }) => ({ change: editor[step](), counts: editor.counts }))
      expect(other).toEqual(one)
      expect(labels(again)).toEqual(labels(session))
      expect(again.view()).toMatchObject({ undo_name: session.view().undo_name, redo_name: session.view().redo_name })
    }
    expect(again.view().undo_name).toBe('brush')
    await apply(again, stroke(5))
    await again.undo()
    expect(labels(again)).toEqual(labels(session))
    for (const one of both) await one.close(true)
  })

  it('counts what was undone as no change, also after a crash, and still keeps it', async () => {
    const kept = newKept()
    const volume = volumeOf(volumeFile(() => 0))
    const session = await MaskSession.begin(kept, 'm', volume, { kind: 'empty', labels: [] })
    const counts: number[] = []
    const counted = async (work: Promise<unknown>) => {
      await work
      counts.push(session.view().num_changes)
    }
    for (const x of [1, 2, 3]) await counted(apply(session, dot(x, 1, 1)))
    await counted(session.undo())
    await counted(session.undo())
    await counted(session.redo())
    await counted(apply(session, dot(4, 1, 1)))
    expect(counts).toEqual([1, 2, 3, 2, 1, 2, 3])
    await session.undo()
    expect((await kept.list(null)).kept[0].kept).toMatchObject({ num_changes: 2, num_operations: 8 })
    const again = await MaskSession.recover(kept, 'm', volume)
    expect(again.view()).toMatchObject({ num_changes: 2, is_unsaved: true })
    await again.close(true)
    await session.close(true)
  })

  it('counts the parts of one stroke as one change, also after a crash', async () => {
    const kept = newKept()
    const volume = volumeOf(volumeFile(() => 0))
    const session = await MaskSession.begin(kept, 'm', volume, { kind: 'empty', labels: [] })
    const part = (x: number) => ({ ...(dot(x, 1, 1) as MaskOperation & { kind: 'brush' }), stroke: 'one' })
    for (const x of [1, 2, 3]) await apply(session, part(x))
    expect(session.view().num_operations).toBe(1)
    expect((await kept.list(null)).kept[0].kept.num_operations).toBe(1)
    const again = await MaskSession.recover(kept, 'm', volume)
    expect(again.view()).toMatchObject({ num_operations: 1, labels: [{ voxels: 3 }] })
    expect(again.record.operations).toEqual({ brush: 1 })
    await again.close(true)
    await session.close(true)
  })

  it('leaves out a change whose last byte a crash cut off', async () => {
    const kept = newKept()
    const volume = volumeOf(volumeFile(() => 0))
    const session = await MaskSession.begin(kept, 'm', volume, { kind: 'empty', labels: [] })
    await apply(session, dot(3, 2, 1))
    const first = labels(session)
    await apply(session, dot(5, 4, 2))
    const journal = kept.journalOf('m', 0)
    truncateSync(journal, readFileSync(journal).length - 1)
    const again = await MaskSession.recover(kept, 'm', volume)
    expect(labels(again)).toEqual(first)
    await again.close(true)
    await session.close(true)
  })

  it('tells that it is busy no more when nothing could be done', async () => {
    const session = await MaskSession.begin(newKept(), 'm', volumeOf(volumeFile(() => 0)), {
      kind: 'empty',
      labels: [],
    })
    const told: (string | null)[] = []
    const onBusy = () => told.push(session.view().busy)
    const nothingThere = () => session.apply({ kind: 'object', label: 1, seed_xyz: [3, 2, 1] }, onBusy)
    expect(await codeOf(nothingThere)).not.toBe('ok')
    expect(told).toEqual(['object', null])
    await session.close(true)
  })

  it('takes a change back that cannot be written down, and says so', async () => {
    const kept = newKept()
    const session = await MaskSession.begin(kept, 'm', volumeOf(volumeFile(() => 0)), { kind: 'empty', labels: [] })
    // A file where the folder of kept masks would be.
    writeFileSync(kept.folder, '')
    expect(await codeOf(() => apply(session, dot(3, 2, 1)))).toBe('file_unwritable')
    expect(labels(session).every((label) => label === 0)).toBe(true)
    expect(session.view()).toMatchObject({ num_operations: 0, is_unsaved: false, undo_name: null })
    rmSync(kept.folder)
    await apply(session, dot(3, 2, 1))
    expect(session.view()).toMatchObject({ num_operations: 1, is_unsaved: true })
    await session.close(true)
  })

  it('refuses to begin again with a part that is missing', async () => {
    const kept = newKept()
    const volume = volumeOf(volumeFile(() => 0))
    const session = await MaskSession.begin(kept, 'm', volume, fileBeginning(volumeFile(() => 1)))
    await apply(session, dot(3, 2, 1, 0))
    const file = kept.fileOf('m', 'beginning.bricks')
    truncateSync(file, readFileSync(file).length - 4)
    expect(await codeOf(() => MaskSession.recover(kept, 'm', volume))).toBe('mask_journal_damaged')
    await session.close(true)
  })
})

describe('a threshold', () => {
  it('is tried on a level with the foreground that the exact mask has there', async () => {
    const probability = volumeFile((i) => (i * 37) % 256)
    const candidate = volumeFile((i) => (i % 11 === 0 ? 0 : 1 + (i % 2)))
    const session = await MaskSession.begin(newKept(), 'm', volumeOf(volumeFile(() => 0)), {
      kind: 'empty',
      labels: [],
    })
    session.probability = await ProbabilityFiles.open(probability, candidate, [3, 5, 7])
    for (const threshold of [0, 0.3, 0.7, 1])
      for (const bin of [1, 2, 4]) {
        await apply(session, { kind: 'threshold', threshold, smallest_object_voxels: 0 })
        const exact = levelPatch(session.editor.bricks, { startZyx: [0, 0, 0], shapeZyx: [3, 5, 7] }, bin).labels
        const tried = await session.probability.tryOut(bin, { threshold, smallestObjectVoxels: 0 })
        expect([...tried].map((label) => label > 0)).toEqual([...exact].map((label) => label > 0))
        if (bin === 1) expect([...tried]).toEqual([...exact])
      }
    await session.close(true)
  })

  it.each([0, 2, 5])(
    'is tried in a slice with exactly the voxels that it gives there: objects from %i',
    async (smallest) => {
      const probability = volumeFile((i) => (i * 37) % 256)
      const candidate = volumeFile((i) => (i % 11 === 0 ? 0 : 1 + (i % 2)))
      const session = await MaskSession.begin(newKept(), 'm', volumeOf(volumeFile(() => 0)), {
        kind: 'empty',
        labels: [],
      })
      session.probability = await ProbabilityFiles.open(probability, candidate, [3, 5, 7])
      for (const threshold of [0.3, 0.8, 0.93]) {
        await apply(session, { kind: 'threshold', threshold, smallest_object_voxels: smallest })
        const tried = { threshold, smallestObjectVoxels: smallest }
        const level = { bin: 1, labels: await session.probability.tryOut(1, tried) }
        for (const [axis, size] of [
          ['x', 7],
          ['y', 5],
          ['z', 3],
        ] as const)
          for (let index = 0; index < size; index++) {
            const slice = await session.probability.trySlice({ axis, index }, tried, level)
            const box = sliceBox([3, 5, 7], axis, index)
            const exact = session.editor.bricks.readBox(box.startZyx, box.shapeZyx)
            expect([...(slice ?? [])]).toEqual([...exact])
          }
      }
      await session.close(true)
    },
  )
})

describe('saving', () => {
  it('writes exactly the labels on the grid of the volume, and what was done beside it', async () => {
    const original = volumeFile((i) => (i === 5 ? 2 : 0))
    const source = volumeFile((i) => i, { origin: [100, 200, 300] })
    const session = await MaskSession.begin(newKept(), 'm', volumeOf(source), fileBeginning(original))
    await apply(session, dot(3, 2, 1))
    await apply(session, dot(6, 4, 2, 7))
    const out = path.join(folder, 'saved.mrc')
    await save(session, out)
    const { header: found, voxels } = await header(out)
    const expected = new Array<number>(N).fill(0)
    expected[5] = 2
    expected[(1 * 5 + 2) * 7 + 3] = 1
    expected[N - 1] = 7
    expect(voxels).toEqual(expected)
    expect(found.affine).toEqual((await header(source)).header.affine)
    const provenance = JSON.parse(readFileSync(`${out}.provenance.json`, 'utf8'))
    const sha256 = (values: number[]) => createHash('sha256').update(Uint8Array.from(values)).digest('hex')
    expect(provenance).toMatchObject({
      program: { name: 'cryomamba', version: '0.1.0' },
      original: { kind: 'file', labels_sha256: sha256(expected.map((_, i) => (i === 5 ? 2 : 0))) },
      edited: { num_operations: 2, operations: { brush: 2 } },
      mask: { sha256: sha256(expected), dtype: 'uint8', labels: [{ value: 2, voxels: 1 }, { value: 1 }, { value: 7 }] },
    })
    await session.close(true)
  })

  it.each(['cropped.mrc', 'cropped.nii.gz', 'cropped.nrrd'])(
    'writes one label cropped to it, at its place in the world: %s',
    async (name) => {
      for (const words of [{ origin: [100, 200, 300] }, { nstart: [4, 5, 6] }, {}]) {
        const session = await MaskSession.begin(newKept(), 'm', volumeOf(volumeFile(() => 0, words)), {
          kind: 'empty',
          labels: [],
        })
        await apply(session, dot(2, 1, 1, 4))
        await apply(session, dot(5, 3, 2, 4))
        await apply(session, dot(0, 0, 0, 1))
        const whole = path.join(folder, `whole-${name}`)
        const out = path.join(folder, name)
        await save(session, whole)
        await save(session, out, { labels: [4], is_cropped: true })
        const [box, full] = [await header(out), await header(whole)]
        expect(box.header.shapeZyx).toEqual([2, 3, 4])
        expect(box.voxels.filter((label) => label !== 0)).toEqual([4, 4])
        expect([box.voxels[0], box.voxels.at(-1)]).toEqual([4, 4])
        const place = applyAffine(full.header.affine, [2, 1, 1])
        for (const [axis, at] of applyAffine(box.header.affine, [0, 0, 0]).entries())
          expect(at).toBeCloseTo(place[axis], 3)
        await session.close(true)
      }
    },
  )

  it('refuses a label that does not occur', async () => {
    const session = await MaskSession.begin(newKept(), 'm', volumeOf(volumeFile(() => 0)), {
      kind: 'empty',
      labels: [],
    })
    expect(await codeOf(() => save(session, path.join(folder, 'no.mrc'), { labels: [3] }))).toBe('label_absent')
    expect(existsSync(path.join(folder, 'no.mrc'))).toBe(false)
    await session.close(true)
  })
})
