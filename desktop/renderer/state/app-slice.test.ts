import { describe, expect, it } from 'vitest'
import { createStore } from 'zustand/vanilla'
import { type AppSlice, createAppSlice } from './app-slice.ts'

const newStore = () => createStore<AppSlice>()(createAppSlice)
const told = (store: ReturnType<typeof newStore>) => store.getState().notices.map(({ message }) => message)
const problem = (message: string) => ({ code: 'internal' as const, message, hint: '', retryable: false })

describe('what the user is told', () => {
  it('holds the last thing that was done, and keeps problems beside it', () => {
    const store = newStore()
    store.getState().problemMet(problem('no label there'))
    store.getState().workDone('Saved a.mrc.', '')
    store.getState().workDone('Saved b.mrc.', '')
    expect(told(store)).toEqual(['no label there', 'Saved b.mrc.'])
  })

  it('says the same only once, and the oldest goes when there is too much', () => {
    const store = newStore()
    for (const message of ['a', 'b', 'a', 'c', 'd']) store.getState().problemMet(problem(message))
    expect(told(store)).toEqual(['a', 'c', 'd'])
  })
  it('takes back what was said of a connection that is there again', () => {
    const store = newStore()
    store.getState().problemMet(problem('the server stopped'), 'connection')
    store.getState().problemMet(problem('no label there'))
    store.getState().problemsOver('connection')
    expect(told(store)).toEqual(['no label there'])
  })
})
