/** What a pane shows. XY is seen along z, and so on. */
export type SliceKind = 'xy' | 'xz' | 'yz'
export type PaneKind = SliceKind | '3d'
export type Layout = 'all' | PaneKind

/** The display axis that a pane is seen along. */
export const PANE_AXIS: Readonly<Record<PaneKind, 'x' | 'y' | 'z' | null>> = { xy: 'z', xz: 'y', yz: 'x', '3d': null }

/** A pane's place as shares of the canvas. */
export interface Pane {
  kind: PaneKind
  left: number
  top: number
  width: number
  height: number
}

// A thin slab would leave its side views a few pixels high, and 3D needs room.
const LEFT_SHARE = [0.5, 0.66] as const
const TOP_SHARE = [0.5, 0.78] as const

/**
 * Panes of a layout. With all four, XY stands over XZ and beside 3D, over YZ. The left column is as wide as XY and XZ
 * can be drawn together at the height there is, within limits; rows follow the volume's extent.
 *
 * @param extentXyz Size of the volume along each axis, any one unit.
 * @param aspect    Height of the canvas over its width.
 */
export function paneLayout(layout: Layout, extentXyz: readonly [number, number, number], aspect: number): Pane[] {
  if (layout !== 'all') return [{ kind: layout, left: 0, top: 0, width: 1, height: 1 }]
  const [x, y, z] = extentXyz
  const left = between((aspect * x) / (y + z), LEFT_SHARE)
  const top = between(y / (y + z), TOP_SHARE)
  return [
    { kind: 'xy', left: 0, top: 0, width: left, height: top },
    { kind: '3d', left, top: 0, width: 1 - left, height: top },
    { kind: 'xz', left: 0, top, width: left, height: 1 - top },
    { kind: 'yz', left, top, width: 1 - left, height: 1 - top },
  ]
}

function between(share: number, [least, most]: readonly [number, number]): number {
  return Math.min(most, Math.max(least, share))
}

/** The pane under a point given as shares of the canvas. */
export function paneAt(panes: readonly Pane[], x: number, y: number): Pane | null {
  return (
    panes.find((pane) => x >= pane.left && x < pane.left + pane.width && y >= pane.top && y < pane.top + pane.height) ??
    null
  )
}
