import { expect, it } from 'vitest'
import { foregroundFrom, wordsOf } from './foreground.ts'

/** Every array that holds these labels: at each byte that its type may begin at, foreground before and after it. */
function everywhere(labels: readonly number[]): ArrayLike<number>[] {
  const out: ArrayLike<number>[] = [labels]
  for (const Labels of [Uint8Array, Uint16Array])
    for (let before = 0; before < 8; before++) {
      const whole = Labels.from([...new Array(before).fill(9), ...labels, ...new Array(8).fill(9)])
      out.push(whole.subarray(before, before + labels.length))
    }
  return out
}

it('finds the first foreground voxel from any voxel on, up to any end, wherever the labels lie in memory', () => {
  for (let length = 1; length <= 19; length++)
    for (let place = 0; place <= length; place++) {
      const plain = Array.from({ length }, (_, i) => (i === place ? 128 : 0))
      for (const labels of everywhere(plain)) {
        const words = wordsOf(labels)
        for (let from = 0; from <= length; from++)
          for (const end of [from, (from + length) >> 1, length]) {
            const expected = place >= from && place < end ? place : end
            if (foregroundFrom(labels, words, from, end) !== expected)
              expect.fail(`${place} of ${length} in [${from}, ${end}) of ${labels.constructor.name}`)
          }
      }
    }
})

it('looks at labels in words where they begin at one, and voxel by voxel elsewhere', () => {
  const bytes = new Uint8Array(16)
  expect(wordsOf(bytes.subarray(4, 15)).length).toBe(2)
  expect(wordsOf(bytes.subarray(5)).length).toBe(0)
  expect(wordsOf(new Uint16Array(bytes.buffer, 2, 4)).length).toBe(0)
  expect(wordsOf([0, 0, 0, 0]).length).toBe(0)
})
