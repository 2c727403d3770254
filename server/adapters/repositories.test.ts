import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LiveFrame } from '../../shared/contract/live.ts'
import type { JobRepository } from '../jobs/job-repository.ts'
import type { PeopleRepository } from '../people/people-repository.ts'
import { type EmptyDatabase, makeDatabase } from '../test/open-engine.ts'
import { artifact, jobRecord, uploadRecord, volumeRecord } from '../test/records.ts'
import { ENGINES } from '../test/shared-postgres.ts'
import type { UploadRepository } from '../uploads/upload-repository.ts'
import type { VolumeRepository } from '../volumes/volume-repository.ts'
import { createJobRepository } from './kysely-jobs.ts'
import { createPeopleRepository } from './kysely-people.ts'
import { createUploadRepository } from './kysely-uploads.ts'
import { createVolumeRepository } from './kysely-volumes.ts'
import { migrate } from './migrations.ts'

describe.each(ENGINES)('on %s', (engine) => {
  let database: EmptyDatabase
  let uploads: UploadRepository
  let volumes: VolumeRepository
  let jobs: JobRepository
  let people: PeopleRepository
  beforeEach(async () => {
    database = await makeDatabase(engine)
    const db = database.open()
    await migrate(db)
    uploads = createUploadRepository(db)
    volumes = createVolumeRepository(db, '/data')
    jobs = createJobRepository(db)
    people = createPeopleRepository(db)
  })
  afterEach(() => database.remove())

  describe('uploads', () => {
    it('are read as they were written, numbers above 32 bits and any text included', async () => {
      const record = uploadRecord({ fingerprint: 'f', error: { code: 'x', message: '"', hint: "'", retryable: true } })
      await uploads.insert(record)
      expect(await uploads.find(record.uploadId)).toEqual(record)
      expect(await uploads.find('nothing')).toBeNull()
      expect(await uploads.withState('receiving')).toEqual([record])
    })

    it('are found again by owner, fingerprint and size while they are open, those that are checked first', async () => {
      const record = uploadRecord({ fingerprint: 'f' })
      await uploads.insert(record)
      expect((await uploads.findOpen('ada', 'f', record.totalBytes))?.uploadId).toBe(record.uploadId)
      expect(await uploads.findOpen('ada', 'f', record.totalBytes + 1)).toBeNull()
      expect(await uploads.findOpen('bob', 'f', record.totalBytes)).toBeNull()
      await uploads.move(record.uploadId, 'receiving', 'verifying')
      await uploads.insert(uploadRecord({ fingerprint: 'f' }))
      expect((await uploads.findOpen('ada', 'f', record.totalBytes))?.uploadId).toBe(record.uploadId)
      await uploads.move(record.uploadId, 'verifying', 'completed')
      expect((await uploads.findOpen('ada', 'f', record.totalBytes))?.uploadId).not.toBe(record.uploadId)
    })

    it('move once, however many try at the same time', async () => {
      const record = uploadRecord()
      await uploads.insert(record)
      const moves = Array.from({ length: 20 }, () =>
        uploads.move(record.uploadId, 'receiving', 'verifying', { sha256: 'h' }),
      )
      expect((await Promise.all(moves)).filter(Boolean)).toHaveLength(1)
      expect(await uploads.find(record.uploadId)).toMatchObject({ state: 'verifying', sha256: 'h' })
    })

    it('keep each part once, in order, and take their parts along when they go', async () => {
      const record = uploadRecord()
      await uploads.insert(record)
      const parts = [2, 0, 1, 1].map((partIndex) => ({ partIndex, sizeBytes: 2 ** 24, sha256: `hash ${partIndex}` }))
      await Promise.all(parts.map((part) => uploads.recordPart(record.uploadId, part)))
      expect((await uploads.parts(record.uploadId)).map((part) => part.partIndex)).toEqual([0, 1, 2])
      expect((await uploads.parts(record.uploadId))[0]).toEqual(parts[1])
      await uploads.delete(record.uploadId)
      expect(await uploads.parts(record.uploadId)).toEqual([])
      expect(await uploads.find(record.uploadId)).toBeNull()
    })
  })

  describe('volumes', () => {
    it('are read as they were written, and their paths follow the data folder', async () => {
      const record = volumeRecord()
      const referred = volumeRecord({ path: '/elsewhere/cell.mrc', isManaged: false })
      await volumes.insert(record)
      await volumes.insert(referred)
      expect(await volumes.find(record.volumeId)).toEqual(record)
      expect(await volumes.find(referred.volumeId)).toEqual(referred)
      const moved = createVolumeRepository(database.open(), '/new')
      expect((await moved.find(record.volumeId))?.path).toBe(record.path.replace('/data', '/new'))
      expect((await moved.find(referred.volumeId))?.path).toBe('/elsewhere/cell.mrc')
    })

    it('are found by owner, hash and sign of mode 0, where none is a sign of its own', async () => {
      const plain = volumeRecord()
      const signed = volumeRecord({ mode0: 'signed' })
      await volumes.insert(plain)
      await volumes.insert(signed)
      expect(await volumes.withHash('ada', plain.sha256, null)).toEqual([plain])
      expect(await volumes.withHash('ada', plain.sha256, 'signed')).toEqual([signed])
      expect(await volumes.withHash('ada', plain.sha256, 'unsigned')).toEqual([])
      expect(await volumes.withHash('bob', plain.sha256, null)).toEqual([])
    })

    it('can be told where a file lies now that they only refer to', async () => {
      const record = volumeRecord({ path: '/elsewhere/cell.mrc', isManaged: false })
      await volumes.insert(record)
      const files = [{ path: '/there/cell.mrc', sizeBytes: 5, mtimeMs: 1760000000000.25 }]
      await volumes.relocate(record.volumeId, '/there/cell.mrc', files)
      expect(await volumes.find(record.volumeId)).toEqual({ ...record, path: '/there/cell.mrc', files })
    })

    it('are listed newest first in pages that meet without a gap', async () => {
      const ours = volumeRecord({ owner: 'bob', project: 'lab' })
      const records = [...Array.from({ length: 6 }, () => volumeRecord()), ours]
      for (const record of [...records, volumeRecord({ owner: 'bob' })]) await volumes.insert(record)
      const newest = records
        .map((record) => record.volumeId)
        .sort()
        .reverse()
      const first = await volumes.list('ada', ['lab'], 3, null)
      const second = await volumes.list('ada', ['lab'], 10, first[2].volumeId)
      expect([...first, ...second].map((record) => record.volumeId)).toEqual(newest)
    })
  })

  describe('jobs', () => {
    it('are read as they were written', async () => {
      const record = jobRecord({ moreVolumeIds: ['a', 'b'], modelSha256: 'ef'.repeat(32), device: 'cuda:0' })
      await jobs.insert(record)
      expect(await jobs.find(record.jobId)).toEqual(record)
    })

    it('are taken by one of many that try at the same time, and not by a former attempt', async () => {
      const record = jobRecord()
      await jobs.insert(record)
      const takers = Array.from({ length: 20 }, (_, taker) =>
        jobs.move(record.jobId, 1, ['queued'], 'running', { device: `cuda:${taker}` }),
      )
      expect((await Promise.all(takers)).filter(Boolean)).toHaveLength(1)
      expect(await jobs.move(record.jobId, 1, ['running'], 'queued', { attempt: 2, device: null })).toBe(true)
      expect(await jobs.move(record.jobId, 1, ['queued'], 'running', {})).toBe(false)
      expect(await jobs.find(record.jobId)).toMatchObject({ state: 'queued', attempt: 2, device: null })
    })

    it('complete with their artifacts or not at all', async () => {
      const record = jobRecord({ state: 'running' })
      await jobs.insert(record)
      const twice = [artifact('mask.mrc'), artifact('mask.mrc')]
      await expect(jobs.complete(record.jobId, 1, {}, twice)).rejects.toThrow()
      expect(await jobs.find(record.jobId)).toMatchObject({ state: 'running' })
      expect(await jobs.artifacts(record.jobId)).toEqual([])
      expect(await jobs.complete(record.jobId, 2, {}, [artifact('late.mrc')])).toBe(false)
      expect(
        await jobs.complete(record.jobId, 1, { tilesDone: 8 }, [artifact('stats.json'), artifact('mask.mrc')]),
      ).toBe(true)
      expect(await jobs.artifacts(record.jobId)).toEqual([artifact('mask.mrc'), artifact('stats.json')])
      expect(await jobs.find(record.jobId)).toMatchObject({ state: 'completed', tilesDone: 8 })
    })

    it('get other artifacts in place of some', async () => {
      const record = jobRecord({ state: 'running' })
      await jobs.insert(record)
      await jobs.complete(record.jobId, 1, {}, [artifact('mask.mrc'), artifact('stats.json')])
      const next = artifact('mask.mrc', { sha256: '01'.repeat(32) })
      await jobs.replaceArtifacts(record.jobId, 1, (name) => name.startsWith('mask.'), [next])
      expect(await jobs.artifacts(record.jobId)).toEqual([next, artifact('stats.json')])
      await jobs.deleteArtifacts(record.jobId)
      expect(await jobs.artifacts(record.jobId)).toEqual([])
    })

    it('give their events in order after a number above 32 bits', async () => {
      const record = jobRecord()
      await jobs.insert(record)
      const frames = [3, 1, 2].map(
        (step): LiveFrame => ({
          type: 'state',
          seq: 1_763_720_000_000 + step,
          job_id: record.jobId,
          time: '2026-11-21T10:00:00.000Z',
          data: { state: 'running', attempt: step },
        }),
      )
      for (const frame of frames) await jobs.addEvent(record.jobId, frame)
      expect(await jobs.eventsSince(record.jobId, frames[1].seq)).toEqual([frames[2], frames[0]])
    })

    it('hold their volumes and their model while they are not finished', async () => {
      const record = jobRecord({ moreVolumeIds: ['second-volume'] })
      await jobs.insert(record)
      expect(await jobs.unfinishedUser(record.volumeId)).toBe(record.jobId)
      expect(await jobs.unfinishedUser('second-volume')).toBe(record.jobId)
      expect(await jobs.unfinishedUser('second')).toBeNull()
      expect(await jobs.unfinishedOfModel('unet', '1.0.0')).toBe(record.jobId)
      await jobs.move(record.jobId, 1, ['queued'], 'canceled', {})
      expect(await jobs.unfinishedUser(record.volumeId)).toBeNull()
      expect(await jobs.unfinishedOfModel('unet', '1.0.0')).toBeNull()
    })

    it('are listed by state in the order they came', async () => {
      const records = Array.from({ length: 5 }, () => jobRecord())
      for (const record of [...records].reverse()) await jobs.insert(record)
      await jobs.move(records[1].jobId, 1, ['queued'], 'running', {})
      const ids = (list: { jobId: string }[]) => list.map((one) => one.jobId)
      expect(ids(await jobs.withState(['queued']))).toEqual(
        ids(records)
          .filter((id) => id !== records[1].jobId)
          .sort(),
      )
      expect(ids(await jobs.withState(['running', 'previewing']))).toEqual([records[1].jobId])
    })
  })

  describe('people', () => {
    it('are members once, however often they are added, and groups of the provider are replaced as a whole', async () => {
      await Promise.all(Array.from({ length: 10 }, () => people.addMember('lab', 'anna')))
      await Promise.all(
        [
          ['b', 'a'],
          ['a', 'c'],
        ].map((groups) => people.replaceProvidedGroups('anna', groups)),
      )
      await people.replaceProvidedGroups('anna', ['c', 'lab'])
      expect(await people.groupsOf('anna')).toEqual(['c', 'lab'])
      expect(await people.removeMember('lab', 'anna')).toBe(true)
      expect(await people.groupsOf('anna')).toEqual(['c'])
    })

    it('have tokens that end once', async () => {
      const token = { tokenId: 't', user: 'anna', label: '', hash: 'h', scopes: ['read' as const], createdAt: '2026' }
      await people.insertToken({ ...token, expiresAt: null, revokedAt: null, lastUsedAt: null })
      const ends = await Promise.all([people.revokeToken('t', '2027'), people.revokeToken('t', '2028')])
      expect(ends.filter(Boolean)).toHaveLength(1)
      expect(await people.findTokenByHash('h')).toMatchObject({
        user: 'anna',
        scopes: ['read'],
        revokedAt: /^202[78]$/,
      })
    })
  })

  it('makes its tables whole or not at all', async () => {
    const fresh = await makeDatabase(engine)
    const db = fresh.open()
    await db.schema.createTable('artifacts').addColumn('in_the_way', 'text').execute()
    await expect(migrate(db)).rejects.toThrow()
    await db.schema.dropTable('artifacts').execute()
    await migrate(db)
    await createJobRepository(db).insert(jobRecord())
    await fresh.remove()
  })

  // On SQLite this needs two processes: its driver waits without letting the other connection go on.
  it.runIf(engine === 'postgres')('makes its tables once when two programs start at the same time', async () => {
    const fresh = await makeDatabase(engine)
    const [first, second] = [fresh.open(), fresh.open()]
    await Promise.all([migrate(first), migrate(second)])
    const record = jobRecord()
    await createJobRepository(first).insert(record)
    expect(await createJobRepository(second).find(record.jobId)).toEqual(record)
    await fresh.remove()
  })

  it('is refused when a newer program has changed its tables', async () => {
    const db = database.open()
    await db
      .insertInto('kysely_migration' as never)
      .values({ name: '9999_future', timestamp: '2030' } as never)
      .execute()
    await expect(migrate(db)).rejects.toMatchObject({ code: 'database_newer' })
  })
})
