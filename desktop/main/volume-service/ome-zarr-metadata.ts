import { DomainError } from '../../../shared/errors/domain-error.ts'
import type { LengthUnit } from '../../../shared/volume/header.ts'
import type { Zyx } from '../../../shared/volume/zyx.ts'

/** One level as the metadata describe it; numbers follow the array's dimensions. */
export interface ZarrDataset {
  path: string
  scale: number[] | null
  translation: number[] | null
}

/** What an OME-Zarr group says about its first image. */
export interface Multiscale {
  version: string
  /** Position of z, y and x among the dimensions. */
  dimsZyx: Zyx
  unit: LengthUnit | null
  datasets: ZarrDataset[]
}

const UNITS: Readonly<Record<string, LengthUnit>> = {
  angstrom: 'angstrom',
  nanometer: 'nm',
  micrometer: 'um',
  millimeter: 'mm',
  meter: 'm',
}

type Json = Record<string, unknown>

/**
 * The multiscales metadata of versions 0.4 (in the group's attributes) and 0.5 (under `ome` there).
 * @throws {DomainError} `format_header_invalid`, `format_unsupported`
 * @see https://ngff.openmicroscopy.org/0.5/#multiscale-md
 */
export function readMultiscale(name: string, attributes: unknown): Multiscale {
  const invalid = (reason: string) => new DomainError('format_header_invalid', { name, reason })
  const group = asObject(attributes)
  const ome = asObject(group.ome)
  const image = asObject(asArray(ome.multiscales ?? group.multiscales)[0])
  const datasets = asArray(image.datasets).map(asObject)
  if (datasets.length === 0) throw invalid('it holds no multiscale image')
  const axes = asArray(image.axes).map(asObject)
  if (axes.length === 0) throw new DomainError('format_unsupported', { name, kind: 'OME-Zarr before version 0.4' })
  const dimsZyx = ['z', 'y', 'x'].map((letter) => axes.findIndex((axis) => axis.name === letter))
  if (dimsZyx.includes(-1))
    throw new DomainError('format_unsupported', { name, kind: 'images without axes z, y and x' })
  const units = dimsZyx.map((dim) => UNITS[String(axes[dim].unit)] ?? null)
  const whole = transform(image, axes.length)
  return {
    version: String(ome.version ?? image.version ?? '0.4'),
    dimsZyx: dimsZyx as unknown as Zyx,
    unit: units.every((unit) => unit === units[0]) ? units[0] : null,
    datasets: datasets.map((dataset) => {
      if (typeof dataset.path !== 'string') throw invalid('a level has no path')
      const own = transform(dataset, axes.length)
      return {
        path: dataset.path,
        scale: own.scale?.map((size, dim) => size * (whole.scale?.[dim] ?? 1)) ?? null,
        translation:
          own.translation?.map((at, dim) => at * (whole.scale?.[dim] ?? 1) + (whole.translation?.[dim] ?? 0)) ?? null,
      }
    }),
  }
}

function transform(owner: Json, numAxes: number): { scale: number[] | null; translation: number[] | null } {
  const found: Record<string, number[]> = {}
  for (const entry of asArray(owner.coordinateTransformations).map(asObject)) {
    const numbers = asArray(entry[String(entry.type)])
    if (numbers.length === numAxes && numbers.every((one) => typeof one === 'number'))
      found[String(entry.type)] = numbers as number[]
  }
  return { scale: found.scale ?? null, translation: found.translation ?? null }
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
}

function asArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
