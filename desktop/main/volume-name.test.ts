import { expect, it } from 'vitest'
import { volumeBaseName } from './volume-name.ts'

it.each([
  ['a.mrc', 'a'],
  ['a.nii.gz', 'a'],
  ['a.b.rec.bz2', 'a.b'],
  ['a.ome.zarr', 'a'],
  ['a.1.ome.zarr', 'a.1'],
  ['a.zarr', 'a'],
  ['a', 'a'],
])('%s is called %s', (name, base) => expect(volumeBaseName(name)).toBe(base))
