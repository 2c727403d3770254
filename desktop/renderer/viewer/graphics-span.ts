/**
 * Does work that belongs to NiiVue and the graphics driver, and tells whoever observes measures how long it took: so the
 * time of our own code can be told apart. Nothing is kept.
 */
export function inGraphics<T>(name: 'level' | 'clear' | 'plane' | 'labels' | 'draw', work: () => T): T {
  const start = performance.now()
  try {
    return work()
  } finally {
    performance.measure(`graphics:${name}`, { start })
    performance.clearMeasures(`graphics:${name}`)
  }
}
