import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { fileArgument } from './file-arguments.ts'

const app = path.resolve('/opt/cryomamba')

describe('fileArgument', () => {
  it('takes what follows the folder of the app, whatever stands before it', () => {
    expect(fileArgument(['electron', '-r', 'loader.js', app, '--no-sandbox', 'a.mrc'], app, false)).toBe('a.mrc')
  })

  it('takes the first words of a packaged program', () => {
    expect(fileArgument(['CryoMamba', 'b.nii'], app, true)).toBe('b.nii')
  })

  it('finds nothing where there are only switches', () => {
    expect(fileArgument(['electron', app, '--inspect=0'], app, false)).toBeNull()
    expect(fileArgument(['CryoMamba'], app, true)).toBeNull()
    expect(fileArgument(['electron', 'elsewhere.mrc'], app, false)).toBeNull()
  })
})
