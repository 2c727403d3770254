import { expect, it } from 'vitest'
import { Readiness, type ReadinessNeeds } from './readiness.ts'

const GIB = 2 ** 30

function readinessWith(change: Partial<ReadinessNeeds> = {}): Readiness {
  const needs = { askDatabase: async () => 1, freeBytes: async () => GIB, numModels: () => 1 }
  const made = new Readiness({ ...needs, ...change })
  made.started()
  return made
}

it('has no reason to refuse work once it runs', async () => {
  expect(await readinessWith().reasons()).toEqual([])
})

it.each([
  ['the database does not answer', { askDatabase: () => Promise.reject(new Error('gone')) }],
  ['the database does not answer', { askDatabase: () => new Promise(() => undefined) }],
  ['the disk is full, 1000 bytes are free', { freeBytes: async () => 1000 }],
  ['the data folder cannot be read', { freeBytes: () => Promise.reject(new Error('/secret')) }],
  ['there is no model', { numModels: () => 0 }],
])('says that %s', async (reason, change) => {
  expect(await readinessWith(change).reasons()).toEqual([reason])
})

it('names all reasons at once', async () => {
  expect(await readinessWith({ numModels: () => 0, freeBytes: async () => 0 }).reasons()).toHaveLength(2)
})

it('takes no work before it has started and while it stops', async () => {
  const starting = new Readiness({ askDatabase: async () => 1, freeBytes: async () => GIB, numModels: () => 1 })
  expect(await starting.reasons()).toEqual(['the server is starting'])
  const stopping = readinessWith()
  stopping.stopping()
  stopping.started()
  expect(await stopping.reasons()).toEqual(['the server is stopping'])
  expect(stopping.isStopping).toBe(true)
})
