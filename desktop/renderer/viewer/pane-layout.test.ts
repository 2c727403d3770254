import { describe, expect, it } from 'vitest'
import { paneAt, paneLayout } from './pane-layout.ts'

describe('paneLayout', () => {
  it('covers the canvas without overlap, whatever the shape', () => {
    for (const extent of [
      [1, 1, 1],
      [900, 900, 200],
      [100, 4000, 7],
      [10, 10, 5000],
    ] as const) {
      const panes = paneLayout('all', extent, 0.9)
      expect(panes.reduce((area, pane) => area + pane.width * pane.height, 0)).toBeCloseTo(1)
      for (const pane of panes) expect(Math.min(pane.width, pane.height)).toBeGreaterThan(0.2)
    }
  })

  it('finds the pane under a point', () => {
    const panes = paneLayout('all', [192, 160, 72], 0.95)
    expect(['xy', '3d', 'xz', 'yz']).toEqual(
      [
        [0.1, 0.1],
        [0.9, 0.1],
        [0.1, 0.9],
        [0.9, 0.9],
      ].map(([x, y]) => paneAt(panes, x, y)?.kind),
    )
    expect(paneAt(panes, 1.2, 0.5)).toBeNull()
  })
})
