import { SLICE_TYPE } from '@niivue/niivue'
import type { Pane, PaneKind } from './pane-layout.ts'

const SLICE_TYPES: Readonly<Record<PaneKind, SLICE_TYPE>> = {
  xy: SLICE_TYPE.AXIAL,
  xz: SLICE_TYPE.CORONAL,
  yz: SLICE_TYPE.SAGITTAL,
  '3d': SLICE_TYPE.RENDER,
}
/** Between panes on the screen. */
export const GAP_PX = 3

/** Panes as NiiVue lays them out. The gaps at their right and lower edges are shares of the canvas. */
export function tilesOf(
  panes: readonly Pane[],
  gapX: number,
  gapY: number,
): { sliceType: SLICE_TYPE; position: [left: number, top: number, width: number, height: number] }[] {
  return panes.map(({ kind, left, top, width, height }) => ({
    sliceType: SLICE_TYPES[kind],
    position: [left, top, width - gapX, height - gapY],
  }))
}
