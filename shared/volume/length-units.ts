import type { LengthUnit } from './header.ts'

/** Ångström in one of each unit: whole numbers, so that lengths in a file's own unit stay exact. */
const ANGSTROM: Readonly<Record<LengthUnit, number>> = { angstrom: 1, nm: 10, um: 1e4, mm: 1e7, m: 1e10 }

/** A length in another unit; in its own it stays as it is. Multiplied before divided: 20 Å are 2 nm, and not nearly. */
export function inUnit(length: number, from: LengthUnit, to: LengthUnit): number {
  if (from === to) return length
  return (length * ANGSTROM[from]) / ANGSTROM[to]
}
