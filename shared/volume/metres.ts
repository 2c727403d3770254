import type { LengthUnit } from './header.ts'

/** Metres in one of each unit. */
export const METRES: Readonly<Record<LengthUnit, number>> = { angstrom: 1e-10, nm: 1e-9, um: 1e-6, mm: 1e-3, m: 1 }
