/** Smallest distance of neighbouring tiles, as a fraction of the patch: below it tiles repeat each other. */
export const LEAST_STEP = 0.01
