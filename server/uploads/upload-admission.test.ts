import os from 'node:os'
import { expect, it } from 'vitest'
import { UploadAdmission } from './upload-admission.ts'

const HUGE = 2 ** 52

const limits = {
  dataFolder: os.tmpdir(),
  maxUploadBytes: HUGE,
  maxUploadsPerUser: 10,
  userQuotaBytes: 0,
  minFreeBytes: 1,
}

/** Admits an upload of one byte where `reservedBytes` are promised to others, and gives what was asked to be free. */
async function admit(reservedBytes: () => number, freed: () => void) {
  const uploads = {
    countOpen: async () => 0,
    usedBytes: async () => 0,
    outstandingBytes: async () => reservedBytes(),
  }
  const asked: number[] = []
  const makeRoom = async (freeBytes: number) => {
    asked.push(freeBytes)
    freed()
  }
  const result = await new UploadAdmission(uploads, limits, makeRoom).admit('ada', 1, async () => 'open').catch(String)
  return { asked, result }
}

it('asks for room before it refuses, and looks again', async () => {
  let reserved = HUGE
  const taken = await admit(
    () => reserved,
    () => (reserved = 0),
  )
  expect(taken).toEqual({ asked: [HUGE + 2], result: 'open' })
})

it('refuses where no room was made, and asks for none where there is enough', async () => {
  const nothing = () => undefined
  const refused = await admit(() => HUGE, nothing)
  expect(refused.asked).toHaveLength(1)
  expect(refused.result).toContain('DomainError')
  expect(await admit(() => 0, nothing)).toEqual({ asked: [], result: 'open' })
})
