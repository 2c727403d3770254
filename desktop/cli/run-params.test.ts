import { describe, expect, it } from 'vitest'
import { readRunParams } from './run-params.ts'

const MOST_OBJECT_VOXELS = 2 ** 40

const smallest = (text: string) => readRunParams({ 'smallest-object': text }).smallest_object_voxels

describe('objects that a run removes', () => {
  it('may be as large as a server takes, and no larger', () => {
    expect([smallest('0'), smallest('2000000'), smallest(String(MOST_OBJECT_VOXELS))]).toEqual([
      0,
      2_000_000,
      MOST_OBJECT_VOXELS,
    ])
    for (const text of [String(MOST_OBJECT_VOXELS + 1), '-1', '1.5', '', 'many'])
      expect(() => smallest(text)).toThrow(`--smallest-object takes a whole number from 0 to ${MOST_OBJECT_VOXELS}`)
  })

  it('have 6 or 26 neighbours', () => {
    expect([readRunParams({ neighbours: '6' }), readRunParams({ neighbours: '26' }), readRunParams({})]).toEqual([
      { neighbours: 6 },
      { neighbours: 26 },
      {},
    ])
    expect(() => readRunParams({ neighbours: '18' })).toThrow('--neighbours takes 6 or 26, not 18')
  })
})

describe('tiles in one run of the network', () => {
  it('are 1 to 16', () => {
    expect([readRunParams({ batch: '1' }), readRunParams({ batch: '16' })]).toEqual([{ batch: 1 }, { batch: 16 }])
    for (const text of ['0', '17', '1.5', '-2', ''])
      expect(() => readRunParams({ batch: text })).toThrow(`--batch takes 1 to 16 tiles, not ${text}.`)
  })
})

describe('threads of a run', () => {
  it('are as many as a server takes, and the option is named where they are more', () => {
    expect([readRunParams({ threads: '1' }), readRunParams({ threads: '256' })]).toEqual([
      { threads: 1 },
      { threads: 256 },
    ])
    for (const text of ['257', '1000'])
      expect(() => readRunParams({ threads: text })).toThrow(`--threads takes 1 to 256, not ${text}.`)
    expect(() => readRunParams({ threads: '0' })).toThrow('--threads takes whole numbers above 0, not 0.')
  })
})
