import { describe, expect, it } from 'vitest'
import { LaneControl, MOST_LANES } from './lane-control.ts'
import { TokenBucket } from './token-bucket.ts'
import { TransferClock } from './transfer-clock.ts'

/** Sends 16 MiB parts for some minutes over a line that gives this speed (MB/s) to a number of lanes. */
function settle(control: LaneControl, speedOf: (lanes: number) => number, minutes = 20): number[] {
  const seen: number[] = []
  for (let ms = 0; ms < minutes * 60_000; ) {
    ms += 16_777 / speedOf(control.lanes)
    control.partDone(16_777_216, ms)
    seen.push(control.lanes)
  }
  return seen
}

const share = (seen: number[], isRight: (lanes: number) => boolean) => seen.filter(isRight).length / seen.length

describe('the number of parts at once', () => {
  it('begins with four, or with what the user chose', () => {
    expect(new LaneControl().lanes).toBe(4)
    expect(new LaneControl(2).lanes).toBe(2)
  })

  it('rises to the most where every connection brings more', () => {
    const late = settle(new LaneControl(), (lanes) => 5 * lanes).slice(-200)
    expect(Math.max(...late)).toBeLessThanOrEqual(MOST_LANES)
    expect(share(late, (lanes) => lanes >= 6)).toBeGreaterThan(0.5)
  })

  it('falls where fewer are faster', () => {
    const late = settle(new LaneControl(), (lanes) => 40 / lanes ** 1.5).slice(-200)
    expect(share(late, (lanes) => lanes <= 2)).toBeGreaterThan(0.5)
  })

  it('stays about where it is on a line that is full', () => {
    const seen = settle(new LaneControl(), () => 30)
    expect(share(seen, (lanes) => lanes >= 3 && lanes <= 5)).toBe(1)
  })

  it('is halved by a failure, never below one', () => {
    const control = new LaneControl()
    const seen = [1, 2, 3].map(() => {
      control.failed()
      return control.lanes
    })
    expect(seen).toEqual([2, 1, 1])
  })

  it('never exceeds what the user chose', () => {
    expect(Math.max(...settle(new LaneControl(3), (lanes) => 5 * lanes))).toBe(3)
  })
})

describe('the limit', () => {
  it('makes slices small enough for short waits', () => {
    expect(new TokenBucket(null).sliceBytes(262_144)).toBe(262_144)
    expect(new TokenBucket(1_600_000).sliceBytes(262_144)).toBe(100_000)
  })

  it('lets bytes through at its rate', async () => {
    const bucket = new TokenBucket(1_000_000)
    const startMs = performance.now()
    for (let sent = 0; sent < 300_000; sent += 50_000) await bucket.take(50_000)
    expect(performance.now() - startMs).toBeGreaterThan(250)
  })
})

describe('speed and time left', () => {
  it('follow the last seconds and do not count what was there before or did not arrive', () => {
    let nowMs = 0
    let speed: number | null = null
    let left: number | null = null
    const clock = new TransferClock(
      1000,
      (progress) => {
        speed = progress.bytesPerSecond
        left = progress.secondsLeft
      },
      () => nowMs,
    )
    clock.phase('sending')
    clock.skip(500)
    for (let i = 0; i < 10; i++) {
      nowMs += 1000
      clock.add(20)
    }
    expect(speed).toBeCloseTo(20)
    expect(left).toBeCloseTo(15)
    clock.undo(20)
    expect(speed).toBeCloseTo(20)
    expect(left).toBeCloseTo(16)
  })
})
