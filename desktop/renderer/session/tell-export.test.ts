import { expect, it } from 'vitest'
import { createDesktopStore } from '../state/store.ts'
import { tellExport } from './tell-export.ts'

it('says what is being written while it is, then the name and the warnings', async () => {
  const store = createDesktopStore()
  await tellExport(store, 'mrc', async () => {
    expect(store.getState().exporting).toBe('mrc')
    const warnings = ['no unit', 'no name'].map((message) => ({ code: 'geometry_lost', message }))
    return { name: 'mask.mrc', size_bytes: 7, warnings }
  })
  expect(store.getState().exporting).toBeNull()
  expect(store.getState().notices).toMatchObject([
    { kind: 'done', message: 'Saved mask.mrc.', hint: 'no unit no name' },
  ])
})

it('says nothing where no place was chosen', async () => {
  const store = createDesktopStore()
  await tellExport(store, 'mrc', async () => null)
  expect(store.getState().notices).toEqual([])
})

it('is no longer writing after a failure', async () => {
  const store = createDesktopStore()
  const failed = tellExport(store, 'mrc', () => Promise.reject(new Error('no room')))
  await expect(failed).rejects.toThrow('no room')
  expect(store.getState().exporting).toBeNull()
})
