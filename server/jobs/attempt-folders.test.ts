import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { CHECKPOINT_NAME } from '../inference/checkpoint.ts'
import { adoptPlanes, attemptFolder, keepPlanes, removeAttempts } from './attempt-folders.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-attempts-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function attempt(number: number, ...names: string[]): Promise<void> {
  await mkdir(attemptFolder(folder, number))
  for (const name of names) await writeFile(path.join(attemptFolder(folder, number), name), `of ${number}`)
}

const left = async () => (await readdir(folder)).sort()

it('an attempt gets the newest planes, and nothing else is left', async () => {
  await attempt(1, CHECKPOINT_NAME, 'labels.raw.partial')
  await attempt(2, CHECKPOINT_NAME, 'labels.raw.partial')
  await attempt(3, 'mask.mrc.partial')
  await adoptPlanes(folder, 10)
  expect(await left()).toEqual(['attempt-10'])
  expect(await readFile(path.join(attemptFolder(folder, 10), 'labels.raw.partial'), 'utf8')).toBe('of 2')
})

it('an attempt begins with nothing where nothing was left', async () => {
  await adoptPlanes(folder, 1)
  await adoptPlanes(path.join(folder, 'never made'), 2)
  await attempt(1, 'labels.raw.partial')
  await adoptPlanes(folder, 2)
  expect(await left()).toEqual([])
})

it('planes are kept for the next attempt, other files are not', async () => {
  await attempt(1, CHECKPOINT_NAME)
  await attempt(2, 'ring.partial')
  await keepPlanes(folder, 2)
  expect(await left()).toEqual(['attempt-1'])
})

it('what a late worker removes is not of a later attempt', async () => {
  await attempt(9, CHECKPOINT_NAME)
  await attempt(10, CHECKPOINT_NAME)
  await removeAttempts(folder, 9)
  expect(await left()).toEqual(['attempt-10'])
})
