import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { diagonalAffine } from '../volume/affine.ts'
import type { LengthUnit } from '../volume/header.ts'
import { reverseTriple, type Zyx } from '../volume/zyx.ts'
import { LabelStatistics } from './label-statistics.ts'
import type { CensusLimits } from './object-census.ts'

const PYTHON = '/usr/bin/python3'
const hasSkimage = existsSync(PYTHON) && spawnSync(PYTHON, ['-c', 'import scipy.ndimage, skimage.measure']).status === 0

function headerOf(shapeZyx: Zyx, voxelSizeZyx: Zyx | null, unit: LengthUnit | null) {
  return {
    shapeZyx,
    voxelSizeZyx,
    unit,
    affine: diagonalAffine(reverseTriple(voxelSizeZyx ?? [1, 1, 1]), [100, 200, 300]),
  }
}

function measure(volume: Uint8Array, header: ReturnType<typeof headerOf>, limits?: CensusLimits): LabelStatistics {
  const [nz, ny, nx] = header.shapeZyx
  const statistics = new LabelStatistics(header, limits)
  for (let z = 0; z < nz; z++) statistics.add(volume.subarray(z * ny * nx, (z + 1) * ny * nx))
  return statistics
}

function paint([nz, ny, nx]: Zyx, labelAt: (z: number, y: number, x: number) => number): Uint8Array {
  const volume = new Uint8Array(nz * ny * nx)
  for (let z = 0, i = 0; z < nz; z++)
    for (let y = 0; y < ny; y++) for (let x = 0; x < nx; x++, i++) volume[i] = labelAt(z, y, x)
  return volume
}

it('gives a box of anisotropic voxels its volume in nm³, its area in nm² and its place in Å', () => {
  const shape: Zyx = [9, 11, 13]
  const volume = paint(shape, (z, y, x) => (z >= 2 && z < 6 && y >= 1 && y < 7 && x >= 3 && x < 11 ? 5 : 0))
  const size: Zyx = [30, 20, 10]
  const statistics = measure(volume, headerOf(shape, size, 'angstrom'))
  expect(statistics.frame()).toMatchObject({ volume_unit: 'nm3', area_unit: 'nm2', connectivity: 26 })
  expect(statistics.values()).toEqual([0, 5])
  const found = statistics.label(5)
  // Edges between voxel centres in nm: 3 × 3, 5 × 2, 7 × 1; rims cut off at half a voxel.
  const [c, b, a] = [9, 10, 7]
  const faces = 2 * (a * b + b * c + a * c)
  const rims = 4 * (c * Math.hypot(1, 0.5) * 1 + b * Math.hypot(1.5, 0.5) + a * Math.hypot(1.5, 1))
  const corner = Math.hypot(1.5 * 1, 1 * 0.5, 1.5 * 0.5) / 2
  expect(found).toMatchObject({ voxels: 192, share: 192 / 1287, num_objects: 1, objects_left_out: 0 })
  expect(found.volume).toBeCloseTo(192 * 6, 9)
  expect(found).toHaveProperty('surface_area', expect.closeTo(faces + rims + 8 * corner, 9))
  expect(found).toHaveProperty('objects', [
    {
      ...{ voxels: 192, volume: expect.closeTo(1152, 9), start_zyx: [2, 1, 3], shape_zyx: [4, 6, 8] },
      ...{ centroid_zyx: [3.5, 3.5, 6.5], centroid_world_xyz: [165, 270, 405] },
    },
  ])
})

it('gives a ball 7 to 11 % more than 4 π r², and 11 to 16 % more where the voxels are longer along z', () => {
  for (const [sz, least, most] of [
    [1, 1.07, 1.11],
    [2.5, 1.11, 1.16],
  ]) {
    const shape: Zyx = [Math.ceil(45 / sz), 45, 47]
    const middle = Math.floor(shape[0] / 2)
    const ball = paint(shape, (z, y, x) => (((z - middle) * sz) ** 2 + (y - 22) ** 2 + (x - 23) ** 2 <= 400 ? 1 : 0))
    const found = measure(ball, headerOf(shape, [sz, 1, 1], 'nm')).label(1)
    if (!('surface_area' in found)) throw new Error('no surface')
    expect((found.surface_area ?? 0) / (4 * Math.PI * 400)).toBeGreaterThan(least)
    expect((found.surface_area ?? 0) / (4 * Math.PI * 400)).toBeLessThan(most)
    expect((found.volume ?? 0) / ((4 / 3) * Math.PI * 8000)).toBeCloseTo(1, 1)
  }
})

it('gives the background no surface and no objects, and a label that does not occur zeros', () => {
  const statistics = measure(Uint8Array.from([1, 0, 0]), headerOf([1, 1, 3], [2, 2, 2], 'mm'))
  expect(statistics.label(0)).toEqual({ voxels: 2, share: 2 / 3, volume: 16 })
  expect(statistics.label(9)).toEqual({
    ...{ voxels: 0, share: 0, volume: 0, surface_area: 0, num_objects: 0, objects: [], objects_left_out: 0 },
  })
  expect(statistics.frame()).toMatchObject({ volume_unit: 'mm3', area_unit: 'mm2' })
})

it('gives no volume, area or place in the world where the voxel size is unknown', () => {
  const statistics = measure(Uint8Array.from([1, 0, 1]), headerOf([1, 1, 3], null, null))
  expect(statistics.frame()).toMatchObject({ volume_unit: null, area_unit: null })
  expect(statistics.label(1)).toMatchObject({ voxels: 2, volume: null, surface_area: null, num_objects: 2 })
  expect(statistics.label(1)).toHaveProperty('objects.1', {
    ...{ voxels: 1, volume: null, start_zyx: [0, 0, 2], shape_zyx: [1, 1, 1] },
    ...{ centroid_zyx: [0, 0, 2], centroid_world_xyz: null },
  })
})

it('says how many objects are left out', () => {
  const found = measure(Uint8Array.from([1, 0, 1, 0, 1]), headerOf([1, 1, 5], null, null), { mostListed: 2 }).label(1)
  expect(found).toMatchObject({ num_objects: 3, objects_left_out: 1, objects: [{ voxels: 1 }, { voxels: 1 }] })
})

it('gives up the objects with a warning, and only them, where there are too many at once', () => {
  const noise = paint([3, 4, 10], (z, y, x) => (z === 1 && (y + x) % 2 === 0 && y % 2 === 0 ? 1 : 0))
  const statistics = measure(noise, headerOf([3, 4, 10], [1, 1, 1], 'nm'), { mostOpen: 9 })
  expect(statistics.label(1)).toMatchObject({ voxels: 10, num_objects: null, objects: null, objects_left_out: null })
  expect(statistics.label(1)).toHaveProperty('surface_area', expect.closeTo(10 * Math.sqrt(3), 9))
  expect(statistics.warnings).toEqual([
    { code: 'objects_not_counted', message: expect.stringMatching(/more than 9 provisional objects at plane 1/) },
  ])
})

it('refuses planes of another size, too many and too few', () => {
  const statistics = new LabelStatistics(headerOf([1, 1, 3], null, null))
  expect(() => statistics.label(1)).toThrow(RangeError)
  expect(() => statistics.add([1])).toThrow(RangeError)
  statistics.add([0, 0, 0])
  expect(() => statistics.add([0, 0, 0])).toThrow(RangeError)
})

it('keeps its numbers where planes too many are refused', () => {
  const header = headerOf([1, 1, 3], [1, 1, 1], 'nm')
  const statistics = new LabelStatistics(header)
  statistics.add([0, 7, 0])
  for (let i = 0; i < 3; i++) expect(() => statistics.add([7, 7, 7])).toThrow(RangeError)
  expect(statistics.label(7)).toEqual(measure(Uint8Array.from([0, 7, 0]), header).label(7))
})

it.skipIf(!hasSkimage)('gives the objects of scipy.ndimage and the area of skimage (skipped without them)', () => {
  // Blobs of three labels: thresholds of a sum of waves, without chance.
  const shape: Zyx = [31, 43, 57]
  const volume = paint(shape, (z, y, x) => {
    const wave = Math.sin(z / 2.9) + Math.sin(y / 3.7 + z / 11) + Math.sin(x / 4.3 - y / 13)
    return wave > 1.6 ? 1 : wave < -1.8 ? 2 : 0
  })
  const size: Zyx = [3, 1.5, 0.7]
  const script = `
import json, sys
import numpy as np
from scipy import ndimage
from skimage import measure
shape, size = ${JSON.stringify(shape)}, ${JSON.stringify(size)}
volume = np.frombuffer(sys.stdin.buffer.read(), np.uint8).reshape(shape)
out = []
for label in (1, 2):
    inside = volume == label
    ids, count = ndimage.label(inside, np.ones((3, 3, 3)))
    sizes = ndimage.sum_labels(inside, ids, range(1, count + 1))
    centres = ndimage.center_of_mass(inside, ids, range(1, count + 1))
    boxes = [[[s.start for s in box], [s.stop - s.start for s in box]] for box in ndimage.find_objects(ids)]
    mesh = measure.marching_cubes(np.pad(inside, 1).astype(np.float32), 0.5, spacing=size, method='lorensen')
    out.append([[[int(n), *box, list(c)] for n, box, c in zip(sizes, boxes, centres)], float(measure.mesh_surface_area(mesh[0], mesh[1]))])
print(json.dumps(out))
`
  const reply = spawnSync(PYTHON, ['-c', script], { input: volume, encoding: 'utf8' })
  const expected: [[number, number[], number[], number[]][], number][] = JSON.parse(reply.stdout)
  const statistics = measure(volume, headerOf(shape, size, 'mm'))
  for (const [index, [objects, area]] of expected.entries()) {
    const found = statistics.label(index + 1)
    if (!('objects' in found)) throw new Error('no objects')
    expect(found.num_objects).toBe(objects.length)
    expect(objects.length).toBeGreaterThan(5)
    for (const [voxels, start, box, centre] of objects) {
      const same = found.objects?.find((one) => one.start_zyx.join() === start.join() && one.voxels === voxels)
      expect(same?.shape_zyx).toEqual(box)
      for (let axis = 0; axis < 3; axis++) expect(same?.centroid_zyx[axis]).toBeCloseTo(centre[axis], 9)
    }
    // Both triangulate through midpoints; where eight voxels can be joined in more than one way they differ.
    expect((found.surface_area ?? 0) / area).toBeCloseTo(1, 2)
  }
})
