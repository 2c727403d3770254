import { expect, it } from 'vitest'
import { blockGridShape } from '../../../shared/mask/preview-rule.ts'
import { AS_STORED, orientVoxels, toDisplayAxes } from '../../../shared/volume/display-orientation.ts'
import { reverseTriple, type Zyx } from '../../../shared/volume/zyx.ts'
import { planeOnDisplay } from './label-planes.ts'
import { planeSlots } from './label-slots.ts'

const FILE = [3, 5, 7] as const
const TURNED = {
  fileAxisXyz: [2, 0, 1] as [number, number, number],
  isFlippedXyz: [true, false, true] as [boolean, boolean, boolean],
}

function gridOf(orientation: typeof TURNED) {
  const shown = (shape: Zyx) => reverseTriple(toDisplayAxes(reverseTriple(shape), orientation))
  return { bin: 2, levelShapeZyx: shown(blockGridShape(FILE, 2)), sourceShapeZyx: shown(FILE), orientation }
}

/** Each voxel of the file has its own label; `whole` is the file in display order. */
const labels = Uint16Array.from({ length: 3 * 5 * 7 }, (_, i) => i + 1)

function boxOf([z0, y0, x0]: Zyx, [nz, ny, nx]: Zyx): Uint16Array<ArrayBuffer> {
  const out: number[] = []
  for (let z = z0; z < z0 + nz; z++)
    for (let y = y0; y < y0 + ny; y++) for (let x = x0; x < x0 + nx; x++) out.push(labels[(z * 5 + y) * 7 + x])
  return Uint16Array.from(out)
}

it.each([
  ['as stored', AS_STORED],
  ['turned and mirrored', TURNED],
])('puts every voxel of a part of a slice where the picture has it: %s', (_name, orientation) => {
  const grid = gridOf(orientation)
  const whole = orientVoxels(labels, FILE, orientation)
  const [, ny, nx] = grid.sourceShapeZyx
  const parts: ['x' | 'y' | 'z', [number, number, number], [number, number, number]][] = [
    ['z', [1, 0, 0], [1, 5, 7]],
    ['z', [2, 1, 3], [1, 3, 2]],
    ['y', [0, 4, 2], [2, 1, 5]],
    ['x', [1, 2, 6], [2, 3, 1]],
  ]
  for (const [axis, start_zyx, shape_zyx] of parts) {
    const voxels = boxOf(start_zyx, shape_zyx)
    const part = planeOnDisplay({ mask_ref: 'm', axis, start_zyx, shape_zyx, voxels }, grid)
    const seen: number[] = []
    for (let row = 0; row < part.shape[0]; row++)
      for (let column = 0; column < part.shape[1]; column++) {
        const [r, c] = [part.start[0] + row, part.start[1] + column]
        const at = { x: [r, c, part.index], y: [r, part.index, c], z: [part.index, r, c] }[part.axis]
        seen.push(whole[(at[0] * ny + at[1]) * nx + at[2]])
      }
    expect([...part.voxels]).toEqual(seen)
    expect(seen.toSorted((a, b) => a - b)).toEqual([...voxels].sort((a, b) => a - b))
  }
})

it('gives labels the slots that the level has them in', () => {
  const styles = [
    { value: 300, color: '#ff0000', isVisible: true },
    { value: 7, color: '#00ff00', isVisible: true },
  ]
  const given = Uint16Array.from([0, 7, 300, 9])
  expect([...planeSlots(given, styles, 'order')]).toEqual([0, 2, 1, 254])
  expect([...planeSlots(Uint16Array.from([0, 7, 9]), styles, 'value')]).toEqual([0, 7, 9])
  expect([...given]).toEqual([0, 7, 300, 9])
})
