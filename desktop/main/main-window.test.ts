import { EventEmitter } from 'node:events'
import { expect, it, vi } from 'vitest'
import { MainWindow } from './main-window.ts'

function ground() {
  const make = () => {
    const does = { isMinimized: () => true, restore: vi.fn(), show: vi.fn(), focus: vi.fn() }
    return Object.assign(new EventEmitter(), does)
  }
  const made: ReturnType<typeof make>[] = []
  const main = new MainWindow(() => {
    made.push(make())
    return made[made.length - 1] as never
  })
  return { main, made }
}

it('makes a window for what is asked for without one, and does it once the window takes events', () => {
  const { main, made } = ground()
  main.show()
  main.ready()
  made[0].emit('closed')
  expect(main.current).toBeNull()
  const opened: string[] = []
  main.whenReady(() => opened.push('tomo.mrc'))
  main.whenReady(() => opened.push('other.mrc'))
  expect(made).toHaveLength(2)
  expect(opened).toEqual([])
  main.ready()
  expect(opened).toEqual(['tomo.mrc', 'other.mrc'])
})

it('does at once what is asked for while the window is there', () => {
  const { main, made } = ground()
  main.show()
  main.ready()
  const work = vi.fn()
  main.whenReady(work)
  expect(work).toHaveBeenCalledOnce()
  expect(made).toHaveLength(1)
})

it('brings the window to the front that is there', () => {
  const { main, made } = ground()
  main.show()
  main.show()
  expect(made).toHaveLength(1)
  expect(made[0].restore).toHaveBeenCalledOnce()
  expect(made[0].focus).toHaveBeenCalledOnce()
})
