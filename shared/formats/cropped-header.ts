import { affineOfCrop, applyAffine } from '../volume/affine.ts'
import type { MrcGeometry, NiftiGeometry, NrrdGeometry, VolumeHeader } from '../volume/header.ts'
import { reverseTriple, type Xyz, type Zyx } from '../volume/zyx.ts'
import { niftiAffine, qformAffine } from './nifti/nifti-place.ts'

/**
 * The header of a box of a volume: its voxels keep their place in the world, in every word that the source's format has
 * for it.
 * @param startZyx first voxel of the box
 */
export function croppedHeader(header: VolumeHeader, startZyx: Zyx, shapeZyx: Zyx): VolumeHeader {
  const startXyz = reverseTriple(startZyx)
  const affine = affineOfCrop(header.affine, startXyz)
  const base = { ...header, shapeZyx, affine, numVolumes: 1 }
  const { geometry } = header
  switch (geometry.format) {
    case 'mrc':
      return {
        ...base,
        geometry: croppedMrc(geometry, startXyz, reverseTriple(shapeZyx), [affine[3], affine[7], affine[11]]),
      }
    case 'nifti':
      return { ...base, geometry: croppedNifti(geometry, startXyz, reverseTriple(header.shapeZyx)) }
    case 'nrrd':
      return { ...base, geometry: croppedNrrd(geometry, startXyz) }
  }
}

/** Sampling and cell stay, so the voxel size does; the place is in the origin and, for programs that read it, in nstart. */
function croppedMrc(
  geometry: MrcGeometry,
  startXyz: Xyz,
  shapeXyz: Xyz,
  origin: [number, number, number],
): MrcGeometry {
  const isValid = [...geometry.mapcrs].sort().join() === '1,2,3'
  const axes = isValid ? geometry.mapcrs.map((axis) => axis - 1) : [0, 1, 2]
  const stored = (triple: Xyz) => axes.map((axis) => triple[axis]) as [number, number, number]
  const start = stored(startXyz)
  // With an origin of zero readers go by nstart, so it has to be zero too.
  const isAtZero = origin.every((value) => value === 0)
  const nstart = geometry.nstart.map((value, i) => (isAtZero ? 0 : value + start[i])) as [number, number, number]
  return { ...geometry, storedShapeXyz: stored(shapeXyz), nstart, originAngstrom: origin }
}

/** Both transforms move; a file with neither gets the sform that its readers assumed, moved. */
function croppedNifti(geometry: NiftiGeometry, startXyz: Xyz, fullShapeXyz: Xyz): NiftiGeometry {
  const size = [1, 2, 3].map((axis) => Math.abs(geometry.pixdim[axis]) || 1) as unknown as Xyz
  const moved = (row: number[]) => [
    ...row.slice(0, 3),
    row[3] + row[0] * startXyz[0] + row[1] * startXyz[1] + row[2] * startXyz[2],
  ]
  const [x, y, z] = geometry.srow
  const next = { ...geometry, srow: [moved(x), moved(y), moved(z)] as [number[], number[], number[]] }
  if (geometry.qformCode > 0) next.qoffsetXyz = applyAffine(qformAffine(geometry, size), startXyz)
  if (geometry.qformCode > 0 || geometry.sformCode > 0) return next
  const a = affineOfCrop(niftiAffine(geometry, fullShapeXyz, size, []), startXyz)
  return { ...next, sformCode: 2, srow: [a.slice(0, 4), a.slice(4, 8), a.slice(8, 12)] }
}

function croppedNrrd(geometry: NrrdGeometry, startXyz: Xyz): NrrdGeometry {
  const { spaceDirections, spaceDimension, spaceOrigin } = geometry
  if (!spaceDirections) return geometry
  const origin = spaceOrigin ?? new Array<number>(spaceDimension ?? spaceDirections[0]?.length ?? 3).fill(0)
  const spaceOriginOfBox = origin.map(
    (value, row) =>
      value + spaceDirections.reduce((sum, vector, axis) => sum + (vector?.[row] ?? 0) * (startXyz[axis] ?? 0), 0),
  )
  return { ...geometry, spaceOrigin: spaceOriginOfBox }
}
