import { describe, expect, it } from 'vitest'
import type { ModelSummary } from '../../../../shared/contract/models.ts'
import { spacingNote } from './spacing-text.ts'

const model = (policy: ModelSummary['spacing']['policy']) => ({
  spacing: { target_zyx: [10, 10, 10] as [number, number, number], unit: 'angstrom' as const, policy },
})
const volume = (size: number | null, unit: 'mm' | 'nm' | 'angstrom' | null = 'angstrom') => ({
  voxel_size_zyx: size === null ? null : ([size, size, size] as [number, number, number]),
  unit,
})

describe('the spacing of a model against that of a volume', () => {
  it('warns where a model that does not resample is far off, in whatever unit the file is', () => {
    expect(spacingNote(model('warn'), volume(1, 'nm'))).toEqual({
      text: 'Voxels are 10 Å, the model expects 10 Å.',
      isWarning: false,
    })
    expect(spacingNote(model('warn'), volume(2.5))).toMatchObject({ isWarning: true })
    expect(spacingNote(model('warn'), volume(2.5))?.text).toMatch(/4\.0 times apart/)
    expect(spacingNote(model('warn'), volume(11))?.isWarning).toBe(false)
  })

  it('advises to bin only where that helps', () => {
    expect(spacingNote(model('warn'), volume(2.5))?.text).toMatch(/Bin the volume/)
    expect(spacingNote(model('warn'), volume(40))?.text).toBe(
      'Voxels are 40 Å, the model expects 10 Å: 4.0 times apart. Expect a poor mask.',
    )
    expect(spacingNote(model('warn'), volume(2, 'mm'))?.text).toBe(
      'Voxels are 2 mm, the model expects 10 Å: it was not made for such volumes.',
    )
  })

  it('says that the volume is resampled where the model does that', () => {
    expect(spacingNote(model('resample'), volume(5))).toMatchObject({ isWarning: false })
    expect(spacingNote(model('resample'), volume(5))?.text).toMatch(/resampled/)
  })

  it('warns where the file does not say, and is silent where it does not matter', () => {
    expect(spacingNote(model('warn'), volume(null))?.isWarning).toBe(true)
    expect(spacingNote(model('any'), volume(2))).toBeNull()
  })
})
