/** What a pane shows. XY is seen along z, and so on. */
export type PaneKind = 'xy' | 'xz' | 'yz' | '3d'
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

const PANE_AXES: Readonly<Record<PaneKind, readonly [across: number, up: number] | null>> = {
  xy: [0, 1],
  xz: [0, 2],
  yz: [1, 2],
  '3d': null,
}

/** How much of the volume one pixel of the smallest slice covers, in the unit of the extent; 1 without slices. */
export function coarsestPixel(
  panes: readonly Pane[],
  extentXyz: readonly [number, number, number],
  widthPx: number,
  heightPx: number,
): number {
  const sizes = panes.flatMap(({ kind, width, height }) => {
    const axes = PANE_AXES[kind]
    if (!axes) return []
    const [across, up] = axes
    return [Math.max(extentXyz[across] / (width * widthPx), extentXyz[up] / (height * heightPx))]
  })
  return sizes.length > 0 ? Math.max(...sizes) : 1
}

/** The pane under a point given as shares of the canvas. */
export function paneAt(panes: readonly Pane[], x: number, y: number): Pane | null {
  return (
    panes.find((pane) => x >= pane.left && x < pane.left + pane.width && y >= pane.top && y < pane.top + pane.height) ??
    null
  )
}
