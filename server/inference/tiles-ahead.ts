/**
 * Tiles that are prepared while the network runs: enough for it to go on while finished planes are decoded and written.
 */
export const TILES_AHEAD = 3
