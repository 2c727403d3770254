import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ClockWatch } from './clock-watch.ts'

const HOUR_MS = 3_600_000

let folder: string
let file: string
let wallMs: number
let livedMs: number
let jumps: number[]
let warnings: object[]
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-clock-'))
  file = path.join(folder, 'last-seen')
  wallMs = Date.parse('2030-01-01T00:00:00Z')
  livedMs = 5_000
  jumps = []
  warnings = []
})
afterEach(() => rm(folder, { recursive: true }))

/** A server that is started on the folder. */
function started(change: Partial<ConstructorParameters<typeof ClockWatch>[0]> = {}): ClockWatch {
  return new ClockWatch({
    file,
    onJump: async (aheadMs) => void jumps.push(aheadMs),
    onError: (error) => {
      throw error
    },
    log: { warn: (facts) => void warnings.push(facts) },
    wallMs: () => wallMs,
    livedMs: () => livedMs,
    ...change,
  })
}

function live(ms: number): void {
  wallMs += ms
  livedMs += ms
}

it('tells of no jump while clock and server go on together', async () => {
  const clock = started()
  await clock.look()
  jumps = []
  for (let i = 0; i < 200; i++) {
    live(HOUR_MS)
    await clock.look()
  }
  expect(jumps).toEqual([])
  expect(clock.isSure).toBe(true)
})

it('tells how far the clock is ahead of a former server, and doubts it for a day of running', async () => {
  await started().look()
  jumps = []
  wallMs += 100 * HOUR_MS
  livedMs = 7_000
  const clock = started()
  await clock.look()
  expect(jumps).toEqual([100 * HOUR_MS])
  expect(warnings).toEqual([{ hours: 100 }])
  expect(clock.isSure).toBe(false)
  live(23 * HOUR_MS)
  expect(clock.isSure).toBe(false)
  live(2 * HOUR_MS)
  expect(clock.isSure).toBe(true)
})

it('tells of a clock that is set while the server runs, either way', async () => {
  const clock = started()
  await clock.look()
  jumps = []
  live(HOUR_MS)
  wallMs += 30 * HOUR_MS
  await clock.look()
  live(HOUR_MS)
  wallMs -= 30 * HOUR_MS
  await clock.look()
  expect(jumps).toEqual([30 * HOUR_MS, -30 * HOUR_MS])
})

it.each(['', 'nothing that is a time'])('takes a record of "%s" as that nobody knows', async (text) => {
  if (text) await writeFile(file, text)
  const clock = started()
  await clock.look()
  expect(jumps).toEqual([Number.POSITIVE_INFINITY])
  expect(clock.isSure).toBe(true)
  expect(await readFile(file, 'utf8')).toBe('2030-01-01T00:00:00.000Z\n')
})

it('tells a jump again that could not be dealt with, also to the next server', async () => {
  await started().look()
  jumps = []
  wallMs += 100 * HOUR_MS
  const onJump = async () => {
    throw new Error('no database')
  }
  await expect(started({ onJump }).look()).rejects.toThrow('no database')
  await started().look()
  expect(jumps).toEqual([100 * HOUR_MS])
})

it('goes on where the disk takes no record', async () => {
  const errors: unknown[] = []
  await started({ file: path.join(folder, 'nowhere', 'last-seen'), onError: (error) => void errors.push(error) }).look()
  expect(errors).toHaveLength(1)
})
