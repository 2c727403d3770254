import { type Affine, diagonalAffine } from '../../volume/affine.ts'
import type { LengthUnit, NrrdGeometry, VolumeHeader, VolumeWarning } from '../../volume/header.ts'
import { reverseTriple, type Xyz } from '../../volume/zyx.ts'
import { invalid, lengthUnitOf, numbersOf, quotedTexts, shown, vectorsOf, wholeNumber, words } from './nrrd-values.ts'

/** Spaces that the format names, with the short spellings of those that have one. */
const SPACES: Readonly<Record<string, number>> = {
  'right-anterior-superior': 3,
  ras: 3,
  'left-anterior-superior': 3,
  las: 3,
  'left-posterior-superior': 3,
  lps: 3,
  'right-anterior-superior-time': 4,
  rast: 4,
  'left-anterior-superior-time': 4,
  last: 4,
  'left-posterior-superior-time': 4,
  lpst: 4,
  'scanner-xyz': 3,
  'scanner-xyz-time': 4,
  '3d-right-handed': 3,
  '3d-left-handed': 3,
  '3d-right-handed-time': 4,
  '3d-left-handed-time': 4,
}

/** Fields that place the voxels, one entry for each stored axis where the field is per axis. */
export interface StoredSpace {
  space: string | null
  spaceDimension: number | null
  spaceUnits: string[] | null
  spaceOrigin: number[] | null
  directions: (number[] | null)[] | null
  spacings: number[] | null
  units: string[] | null
  kinds: string[] | null
}

/**
 * Reads the fields that place the voxels. @param dimension number of stored axes
 * @throws {DomainError} `format_header_invalid`
 * @see https://teem.sourceforge.net/nrrd/format.html §5 and §7
 */
export function readSpace(name: string, fields: ReadonlyMap<string, string>, dimension: number): StoredSpace {
  const get = <T>(field: string, read: (value: string) => T): T | null => {
    const value = fields.get(field)
    return value === undefined ? null : read(value)
  }
  const spaceDimension = readSpaceDimension(name, fields)
  const vectors = (field: string, count: number) => (value: string) => {
    if (spaceDimension === null) throw invalid(name, `${field} stands there without space or space dimension`)
    return vectorsOf(name, field, value, { count, length: spaceDimension })
  }
  return {
    space: fields.get('space') ?? null,
    spaceDimension,
    spaceUnits: get('space units', (value) => quotedTexts(name, 'space units', value, spaceDimension ?? 0)),
    spaceOrigin: get('space origin', vectors('space origin', 1))?.[0] ?? null,
    directions: get('space directions', vectors('space directions', dimension))?.map(noneIfNan) ?? null,
    spacings: get('spacings', (value) => numbersOf(name, 'spacings', value, dimension)),
    units: get('units', (value) => quotedTexts(name, 'units', value, dimension)),
    kinds: get('kinds', (value) => words(name, 'kinds', value, dimension)),
  }
}

/** Old programs write `none` as a vector of NaN. @see teem, nrrd/parseNrrd.c */
function noneIfNan(vector: number[] | null): number[] | null {
  return vector?.every(Number.isNaN) ? null : vector
}

function readSpaceDimension(name: string, fields: ReadonlyMap<string, string>): number | null {
  const space = fields.get('space')?.toLowerCase()
  const stated = fields.get('space dimension')
  if (space !== undefined && !Object.hasOwn(SPACES, space)) throw invalid(name, `the space ${shown(space)} is unknown`)
  const ofSpace = space === undefined ? null : SPACES[space]
  if (stated === undefined) return ofSpace
  const number = wholeNumber(name, 'space dimension', stated)
  if (number < 1 || number > 8) throw invalid(name, `space dimension is ${number}`)
  if (ofSpace !== null && ofSpace !== number) throw invalid(name, `space and space dimension ${number} do not agree`)
  return number
}

/** Words that place the voxels, as stored; directions and spacings of the axes x, y, z only. */
export function geometryOf(stored: StoredSpace, xyz: readonly number[]): NrrdGeometry {
  const directions = stored.directions
  const spacings = stored.spacings
  const ofSpace = directions && xyz.map((i) => directions[i]).filter((vector) => vector !== null)
  return {
    format: 'nrrd',
    space: stored.space,
    spaceDimension: stored.spaceDimension,
    spaceUnits: stored.spaceUnits,
    spaceDirections: ofSpace,
    spaceOrigin: stored.spaceOrigin,
    spacings: spacings && xyz.map((i) => spacings[i]),
    kinds: stored.kinds,
  }
}

/**
 * Voxel size, unit and affine. The affine is in the file's own space: nothing is turned into another.
 * Without a usable size of all three axes the size is null and the affine counts voxels.
 */
export function placeOf(
  stored: StoredSpace,
  xyz: readonly number[],
  warnings: VolumeWarning[],
): Pick<VolumeHeader, 'voxelSizeZyx' | 'unit' | 'affine'> {
  const unit = unitOf(stored, xyz, warnings)
  const size = voxelSizeXyz(stored, xyz)
  if (size === null) {
    warnings.push({ code: 'voxel_size_unknown', message: 'The file does not give a usable voxel size.' })
    return { voxelSizeZyx: null, unit, affine: diagonalAffine([1, 1, 1], [0, 0, 0]) }
  }
  return { voxelSizeZyx: reverseTriple(size), unit, affine: affineOf(stored, xyz, size, warnings) }
}

function voxelSizeXyz({ directions, spacings }: StoredSpace, xyz: readonly number[]): Xyz | null {
  const [x, y, z] = xyz.map((i) => {
    const direction = directions?.[i]
    return direction ? Math.hypot(...direction.slice(0, 3)) : Math.abs(spacings?.[i] ?? Number.NaN)
  })
  return [x, y, z].every((size) => Number.isFinite(size) && size > 0) ? [x, y, z] : null
}

function affineOf(stored: StoredSpace, xyz: readonly number[], size: Xyz, warnings: VolumeWarning[]): Affine {
  const origin = originOf(stored)
  const [a, b, c] = xyz.map((i) => stored.directions?.[i] ?? [])
  if ([a, b, c].some((vector) => vector.length < 3)) return diagonalAffine(size, origin)
  const volume =
    a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])
  if (Math.abs(volume) > 1e-9 * size[0] * size[1] * size[2]) {
    return [a[0], b[0], c[0], origin[0], a[1], b[1], c[1], origin[1], a[2], b[2], c[2], origin[2], 0, 0, 0, 1]
  }
  const message = 'The space directions lie in one plane; the axes are shown at right angles.'
  warnings.push({ code: 'directions_singular', message })
  return diagonalAffine(size, origin)
}

function originOf({ spaceOrigin }: StoredSpace): Xyz {
  const [x = 0, y = 0, z = 0] = spaceOrigin ?? []
  return [x, y, z].every(Number.isFinite) ? [x, y, z] : [0, 0, 0]
}

function unitOf(stored: StoredSpace, xyz: readonly number[], warnings: VolumeWarning[]): LengthUnit | null {
  const texts = stored.spaceUnits?.slice(0, 3) ?? xyz.map((i) => stored.units?.[i] ?? '')
  const [first = null, ...others] = texts.map(lengthUnitOf)
  if (first !== null && others.every((unit) => unit === first)) return first
  if (texts.some((text) => !/^(\?\?\?|none)?$/i.test(text.trim()))) {
    const message = `The units ${shown(texts.join(', '))} are not one known unit of length.`
    warnings.push({ code: 'unit_unknown', message })
  }
  return null
}
