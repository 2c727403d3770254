import { SLICE_TYPE } from '@niivue/niivue'
import type { Pane, PaneKind } from './pane-layout.ts'

const SLICE_TYPES: Readonly<Record<PaneKind, SLICE_TYPE>> = {
  xy: SLICE_TYPE.AXIAL,
  xz: SLICE_TYPE.CORONAL,
  yz: SLICE_TYPE.SAGITTAL,
  '3d': SLICE_TYPE.RENDER,
}
const GAP_PX = 3

/** Panes as NiiVue lays them out, with a gap at their right and lower edges. Width and height of the canvas in pixels. */
export function tilesOf(
  panes: readonly Pane[],
  widthPx: number,
  heightPx: number,
): { sliceType: SLICE_TYPE; position: [left: number, top: number, width: number, height: number] }[] {
  return panes.map(({ kind, left, top, width, height }) => ({
    sliceType: SLICE_TYPES[kind],
    position: [left, top, width - GAP_PX / widthPx, height - GAP_PX / heightPx],
  }))
}
