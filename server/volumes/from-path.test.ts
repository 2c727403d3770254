import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import { makeMrc, makeVoxels } from '../test/make-mrc.ts'
import type { VolumeRecord, VolumeRepository } from './volume-repository.ts'
import { VolumeService } from './volume-service.ts'

let folder: string
let file: string
beforeEach(async () => {
  folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'cryomamba-from-path-')))
  file = path.join(folder, 'a.mrc')
  await writeFile(file, makeMrc(makeVoxels([3, 5, 7]), [3, 5, 7]))
})
afterEach(() => rm(folder, { recursive: true }))

/** Volumes in memory; hashing a file takes until it is told to end. */
function slowVolumes() {
  const records: VolumeRecord[] = []
  const hashings: ((sha256: string) => void)[] = []
  const volumes = {
    insert: async (record: VolumeRecord) => void records.push(record),
    withHash: async (owner: string, sha256: string) =>
      records.filter((one) => one.owner === owner && one.sha256 === sha256),
  } as unknown as VolumeRepository
  const service = new VolumeService({
    volumes,
    openVolume: openVolumeFile,
    dataFolder: path.join(folder, 'data'),
    pathRoots: [folder],
    projects: {} as never,
    newId: () => `id${records.length}`,
    unfinishedUser: async () => null,
    hashFiles: () => new Promise((resolve) => void hashings.push(resolve)),
  })
  return { service, records, hashings }
}

/** Everything that does not wait for a hash has happened. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 100))

it('a file that is asked for again while it is read is read once, and is one volume of each user', async () => {
  const { service, records, hashings } = slowVolumes()
  const asked = ['anna', 'anna', 'ben'].map((owner) => service.fromPath(owner, file))
  await settle()
  asked.push(service.fromPath('anna', path.join(folder, '..', path.basename(folder), 'a.mrc')))
  await settle()
  expect(hashings).toHaveLength(1)
  hashings[0]('ab')
  const found = await Promise.all(asked)
  expect(found.map(({ owner }) => owner)).toEqual(['anna', 'anna', 'ben', 'anna'])
  expect(records.map(({ owner, sha256 }) => [owner, sha256]).sort()).toEqual([
    ['anna', 'ab'],
    ['ben', 'ab'],
  ])
})

it('who asks again after the end gets the volume without its being read again, unless the file was changed', async () => {
  const { service, records, hashings } = slowVolumes()
  const cutOff = service.fromPath('anna', file)
  await settle()
  hashings[0]('ab')
  await cutOff
  expect(await service.fromPath('anna', file)).toEqual(records[0])
  expect(hashings).toHaveLength(1)
  await writeFile(file, makeMrc(makeVoxels([3, 5, 7]).reverse(), [3, 5, 7]))
  const changed = service.fromPath('anna', file)
  await settle()
  hashings[1]('cd')
  expect((await changed).sha256).toBe('cd')
  expect(records).toHaveLength(2)
})
