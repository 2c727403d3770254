import type { LengthUnit } from '../volume/header.ts'

const NANOMETRES: Readonly<Record<LengthUnit, number>> = { angstrom: 0.1, nm: 1, um: 1e3, mm: 1e6, m: 1e9 }
const UNITS: readonly (readonly [name: string, nanometres: number])[] = [
  ['m', 1e9],
  ['mm', 1e6],
  ['µm', 1e3],
  ['nm', 1],
  ['Å', 0.1],
]

/**
 * A bar of a round length (1, 2 or 5 times a power of ten) that takes at most a quarter of a picture.
 * @param widthUnits what the picture is wide, in `unit`
 * @returns its length in `unit`, and as people write it; null where the unit is unknown
 */
export function scaleBar(widthUnits: number, unit: LengthUnit | null): { length: number; text: string } | null {
  if (!unit || !(widthUnits > 0) || !Number.isFinite(widthUnits)) return null
  const nanometres = (widthUnits / 4) * NANOMETRES[unit]
  const power = 10 ** Math.floor(Math.log10(nanometres) + 1e-9)
  const round = power * ([5, 2, 1].find((step) => step * power <= nanometres * (1 + 1e-9)) ?? 1)
  const [name, size] = UNITS.find(([, one]) => round >= one * (1 - 1e-9)) ?? UNITS[UNITS.length - 1]
  return { length: round / NANOMETRES[unit], text: `${Number((round / size).toPrecision(3))} ${name}` }
}
