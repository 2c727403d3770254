import { describe, expect, it } from 'vitest'
import { MOST_IDLE_MS, ThreadLife } from './thread-life.ts'

function lifeOf() {
  const clock = { nowMs: 0, workedMs: 5 }
  const life = new ThreadLife(
    () => clock.workedMs,
    () => clock.nowMs,
  )
  return { clock, life }
}

describe('a thread that streams a volume', () => {
  it('is alive as long as it works, however slowly', () => {
    const { clock, life } = lifeOf()
    for (let i = 0; i < 20; i++) {
      clock.nowMs += MOST_IDLE_MS / 2
      clock.workedMs += 2
      expect(life.isAlive()).toBe(true)
    }
  })

  it('is given up when it has done nothing for too long, and not before', () => {
    const { clock, life } = lifeOf()
    expect(life.isAlive()).toBe(true)
    clock.nowMs = MOST_IDLE_MS
    expect(life.isAlive()).toBe(true)
    clock.workedMs += 0.3
    clock.nowMs++
    expect(life.isAlive()).toBe(false)
  })

  it('may wait for a network that takes longer than any disk', async () => {
    const { clock, life } = lifeOf()
    let answer: () => void = () => undefined
    const network = new Promise<void>((resolve) => {
      answer = resolve
    })
    const waiting = life.whileItWaits(() => network)
    clock.nowMs = 5 * MOST_IDLE_MS
    expect(life.isAlive()).toBe(true)
    answer()
    await waiting
    clock.nowMs += MOST_IDLE_MS
    expect(life.isAlive()).toBe(true)
    clock.nowMs++
    expect(life.isAlive()).toBe(false)
  })

  it('gets its time from the network that answered while nobody looked', async () => {
    const { clock, life } = lifeOf()
    await life.whileItWaits(async () => {
      clock.nowMs = 5 * MOST_IDLE_MS
    })
    expect(life.isAlive()).toBe(true)
  })
})
