/** Most tiles that go through a network in one run. */
export const MOST_TILES_AT_ONCE = 16
