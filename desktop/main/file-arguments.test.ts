import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { fileArgument } from './file-arguments.ts'

const appPath = path.resolve('/opt/cryomamba')
const folder = path.resolve('/data/krios')
const fromSource = (...argv: string[]) => fileArgument({ argv, folder, appPath, isPackaged: false })
const packaged = (...argv: string[]) => fileArgument({ argv, folder, appPath, isPackaged: true })

describe('fileArgument', () => {
  it('takes what follows the folder of the app, whatever stands before it', () => {
    const found = fromSource('electron', '-r', 'loader.js', appPath, '--no-sandbox', '/data/a.mrc')
    expect(found).toBe(path.resolve('/data/a.mrc'))
  })

  it('takes the first words of a packaged program', () => {
    expect(packaged('CryoMamba', '/data/b.nii')).toBe(path.resolve('/data/b.nii'))
  })

  it('counts relative names from the folder that the program was started in', () => {
    expect(packaged('CryoMamba', 'b.nii')).toBe(path.join(folder, 'b.nii'))
    expect(packaged('CryoMamba', '../titan/c.mrc')).toBe(path.resolve('/data/titan/c.mrc'))
    expect(fromSource('electron', '../../opt/cryomamba', 'a.mrc')).toBe(path.join(folder, 'a.mrc'))
  })

  it('takes a file that is named by its address', () => {
    expect(packaged('CryoMamba', 'file:///data/my%20tomo.mrc')).toBe(path.resolve('/data/my tomo.mrc'))
  })

  it('finds nothing where there are only switches', () => {
    expect(fromSource('electron', appPath, '--inspect=0')).toBeNull()
    expect(packaged('CryoMamba')).toBeNull()
    expect(fromSource('electron', 'elsewhere.mrc')).toBeNull()
  })
})
