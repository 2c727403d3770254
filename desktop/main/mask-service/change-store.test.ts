import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { LabelBricks } from '../../../shared/mask/edit/label-bricks.ts'
import { MaskEditor } from '../../../shared/mask/edit/mask-editor.ts'
import { ChangeStore } from './change-store.ts'
import { KeptMasks } from './kept-masks.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-change-store-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let counter = 0

const SHAPE = [3, 70, 130] as const
const LONGEST_BYTES = 2000

/** A store and the mask that its changes are of. */
async function newStore() {
  const kept = new KeptMasks(path.join(folder, `${++counter}`), LONGEST_BYTES)
  const bricks = new LabelBricks(SHAPE)
  bricks.load([0, 0, 0], SHAPE, new Uint16Array(3 * 70 * 130).fill(9, 100, 200))
  const store = new ChangeStore(kept, 'm')
  await store.begin(bricks)
  const editor = new MaskEditor(bricks, new Map())
  /** Draws the i-th of a row of voxels. */
  const draw = async (i: number, group: string | null = null) => {
    const change = await editor.edit({ name: 'brush', label: 1 }, (writer) => {
      writer.setRun(i % 3, i % 70, (i * 7) % 130, ((i * 7) % 130) + 1, 1 + (i % 5))
    })
    await store.note({ name: 'brush', group }, change)
    await store.compact(bricks)
  }
  return { kept, store, bricks, draw }
}

const all = (bricks: LabelBricks) => [...bricks.readBox([0, 0, 0], SHAPE)]
const recover = (kept: KeptMasks) => ChangeStore.recover(kept, 'm', 'volume', SHAPE)
const filesOf = (kept: KeptMasks) => readdirSync(path.join(kept.folder, 'm')).sort()
const sizeOf = (kept: KeptMasks) =>
  filesOf(kept).reduce((sum, name) => sum + statSync(path.join(kept.folder, 'm', name)).size, 0)

describe('a long journal', () => {
  it('begins anew from a snapshot, and every change and count is there after a crash', async () => {
    const { kept, bricks, draw } = await newStore()
    const before = all(bricks)
    let most = 0
    for (let i = 0; i < 200; i++) {
      await draw(i, i % 2 === 0 ? null : `stroke${i}`)
      most = Math.max(most, sizeOf(kept))
      if (i % 37 > 0) continue
      const { now, beginning, store } = await recover(kept)
      expect(all(now)).toEqual(all(bricks))
      expect(all(beginning)).toEqual(before)
      expect(store.operations).toMatchObject({ total: i + 1, kinds: { brush: i + 1 } })
      await store.close()
    }
    expect(await kept.newestSnapshot('m')).toBeGreaterThan(2)
    expect(filesOf(kept)).toHaveLength(3)
    // 200 changes of some 200 bytes would be far more.
    expect(most).toBeLessThan(4 * LONGEST_BYTES + 8000)
  })

  it('counts a stroke once that goes on after the snapshot', async () => {
    const { kept, draw } = await newStore()
    for (let i = 0; i < 60; i++) await draw(i, 'one')
    expect(await kept.newestSnapshot('m')).toBeGreaterThan(0)
    expect((await recover(kept)).store.operations.total).toBe(1)
  })

  it('goes on where no snapshot can be written', async () => {
    const { kept, bricks, draw } = await newStore()
    const told = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    // A folder where the snapshot would be written.
    const blocked = `${kept.snapshotOf('m', 1)}.partial`
    mkdirSync(path.join(blocked, 'x'), { recursive: true })
    for (let i = 0; i < 40; i++) await draw(i)
    expect(told).toHaveBeenCalled()
    told.mockRestore()
    expect(await kept.newestSnapshot('m')).toBe(0)
    expect(all((await recover(kept)).now)).toEqual(all(bricks))
  })
})

describe('steps of undo', () => {
  it('go back to the newest snapshot, and no further than what is known to fit', async () => {
    const { kept, store, bricks, draw } = await newStore()
    for (let i = 0; (await kept.newestSnapshot('m')) === 0; i++) await draw(i)
    const atSnapshot = all(bricks)
    await draw(90)
    await draw(91)
    const found = await recover(kept)
    const again = new MaskEditor(found.now, new Map(), found.history)
    expect(all(found.now)).toEqual(all(bricks))
    while (again.undo());
    expect(all(found.now)).toEqual(atSnapshot)
    await found.store.close()
    // A step from before the snapshot is undone: nothing is known of those before it.
    const { change } = found.history.redo() ?? {}
    if (!change) throw new Error('nothing was undone')
    for (let i = 0; i < 3; i++) await store.note({ name: 'undo', group: null }, { ...change, numVoxels: 77 })
    expect((await recover(kept)).history).toMatchObject({ undoName: null, redoName: null, sizeBytes: 0 })
  })
})

describe('a crash', () => {
  it('before the snapshot has its name leaves the old journal in force', async () => {
    const { kept, bricks, draw } = await newStore()
    for (let i = 0; i < 5; i++) await draw(i)
    writeFileSync(`${kept.snapshotOf('m', 1)}.partial`, 'half of a snapsh')
    writeFileSync(kept.journalOf('m', 1), '')
    const { now, store } = await recover(kept)
    expect(all(now)).toEqual(all(bricks))
    await store.close()
    expect(filesOf(kept)).toEqual(['beginning.bricks', 'changes.journal'])
  })

  it('after the snapshot has its name, with the old files still there, takes nothing twice', async () => {
    const { kept, bricks, store, draw } = await newStore()
    for (let i = 0; i < 5; i++) await draw(i)
    const journal = statSync(kept.journalOf('m', 0)).size
    const keep = vi.spyOn(kept, 'dropOthers').mockResolvedValue()
    for (let i = 5; (await kept.newestSnapshot('m')) === 0; i++) await draw(i)
    keep.mockRestore()
    expect(statSync(kept.journalOf('m', 0)).size).toBeGreaterThan(journal)
    const total = store.operations.total
    const found = await recover(kept)
    expect(all(found.now)).toEqual(all(bricks))
    expect(found.store.operations.total).toBe(total)
    expect(existsSync(kept.journalOf('m', 0))).toBe(false)
  })

  it('within a record does not hide what is noted after it', async () => {
    const { kept, bricks, draw } = await newStore()
    await draw(1)
    appendFileSync(kept.journalOf('m', 0), Buffer.from([40, 0, 0, 0, 1, 2, 3]))
    const again = await recover(kept)
    const editor = new MaskEditor(again.now, new Map())
    const change = await editor.edit({ name: 'brush', label: 1 }, (writer) => writer.setRun(2, 3, 4, 9, 6))
    await again.store.note({ name: 'brush', group: null }, change)
    await again.store.close()
    const third = await recover(kept)
    expect(all(third.now)).toEqual(all(again.now))
    expect(third.now.at(2, 3, 8)).toBe(6)
    expect(bricks.at(2, 3, 8)).toBe(0)
    expect(third.store.operations.total).toBe(2)
  })
})
