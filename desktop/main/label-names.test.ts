import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { MaskView } from '../../shared/contract/mask-view.ts'
import { openKeptFacts } from './file-facts.ts'
import { LabelNames } from './label-names.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-label-names-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const viewOf = (name: string, voxels = 0): MaskView =>
  ({ labels: [{ value: 1, name, color: '#112233', is_locked: false, voxels }] }) as unknown as MaskView

function newFile(name: string): string {
  const file = path.join(folder, name)
  writeFileSync(file, name)
  return file
}

it('keeps a new name with the file that the mask began with and with those it was exported to', async () => {
  const { labels } = openKeptFacts(folder)
  const [home, exported, other] = ['home', 'exported', 'other'].map(newFile)
  const names = new LabelNames(labels, viewOf('Label 1'), home)
  await names.exportedTo(exported)
  expect(await labels.find(exported)).toEqual([{ value: 1, name: 'Label 1', color: '#112233' }])
  names.changed(viewOf('ribosome'))
  await names.flush()
  for (const file of [home, exported])
    expect(await labels.find(file)).toEqual([{ value: 1, name: 'ribosome', color: '#112233' }])
  expect(await labels.find(other)).toBeNull()
})

it('keeps nothing of a mask whose labels nobody changed', async () => {
  const { labels } = openKeptFacts(folder)
  const home = newFile('unchanged')
  const names = new LabelNames(labels, viewOf('Label 1'), home)
  names.changed(viewOf('Label 1', 7))
  await names.flush()
  expect(await labels.find(home)).toBeNull()
})

it('leaves the file that the mask began with as it was where the changes are thrown away', async () => {
  const { labels } = openKeptFacts(folder)
  const [home, exported] = ['discarded', 'exported before'].map(newFile)
  await labels.keep(home, [{ value: 1, name: 'membrane', color: '#112233' }])
  const names = new LabelNames(labels, viewOf('membrane'), home)
  names.changed(viewOf('ribosome'))
  await names.flush()
  await names.exportedTo(exported)
  names.changed(viewOf('vesicle'))
  await names.discard()
  expect((await labels.find(home))?.map(({ name }) => name)).toEqual(['membrane'])
  expect((await labels.find(exported))?.map(({ name }) => name)).toEqual(['ribosome'])
})

it('keeps the names of an export over the file that the mask began with, whatever is thrown away later', async () => {
  const { labels } = openKeptFacts(folder)
  const home = newFile('written over')
  const names = new LabelNames(labels, viewOf('membrane'), home)
  names.changed(viewOf('ribosome'))
  await names.exportedTo(home)
  names.changed(viewOf('vesicle'))
  await names.flush()
  await names.discard()
  expect((await labels.find(home))?.map(({ name }) => name)).toEqual(['ribosome'])
})
