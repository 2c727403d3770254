import { describe, expect, it } from 'vitest'
import { formatBytes, formatCount, formatDuration, formatMoment, formatShare, formatValue } from './format.ts'

describe('format', () => {
  it('writes bytes with three digits and a decimal unit', () => {
    expect([0, 999, 1000, 12_345_678, 2.5e9].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.00 kB',
      '12.3 MB',
      '2.50 GB',
    ])
  })

  it('writes durations in two units', () => {
    expect([0.4, 59.6, 200, 7500].map(formatDuration)).toEqual(['0 s', '1 min 0 s', '3 min 20 s', '2 h 5 min'])
  })

  it('writes a moment as its time, with the day and the year only where they differ', () => {
    const now = new Date(2026, 10, 21, 16, 0)
    const written = (year: number, day: number) => formatMoment(new Date(year, 10, day, 9, 5).toISOString(), now)
    expect(written(2026, 21)).toBe('09:05')
    expect(written(2026, 19)).toMatch(/^(?=.*19)(?!.*2026).*, 09:05$/)
    expect(written(2025, 19)).toMatch(/^(?=.*19)(?=.*2025).*, 09:05$/)
    expect(formatMoment('', now)).toBe('')
  })

  it('keeps five significant digits of values', () => {
    expect([12, 0.123456, -3.5, 0.00001234, 1.5e7].map(formatValue)).toEqual([
      '12',
      '0.12346',
      '-3.5',
      '1.234e-5',
      '15000000',
    ])
  })

  it('separates thousands and rounds shares', () => {
    expect(formatCount(1234567)).toBe('1\u2009234\u2009567')
    expect([0, 0.0004, 0.034, 0.42].map(formatShare)).toEqual(['0 %', '<0.1 %', '3.4 %', '42 %'])
  })
})
