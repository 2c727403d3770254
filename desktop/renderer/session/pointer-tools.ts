import type { MaskOperation } from '../../../shared/contract/mask-edit.ts'
import type { Tool } from '../state/mask-slice.ts'
import type { DesktopStore } from '../state/store.ts'
import type { PointerTool, SlicePoint } from '../viewer/drawing-pointer.ts'
import type { BrushStrokes, StrokeLook } from './brush-strokes.ts'

/** What the picture shows of a tool: the brush at the pointer, or the lasso so far; pixels of the picture. */
export interface ToolMark {
  brush: { x: number; y: number; radiusX: number; radiusY: number } | null
  lasso: readonly (readonly [number, number])[]
}

export const NO_MARK: ToolMark = { brush: null, lasso: [] }

const AXIS_INDEX = { x: 0, y: 1, z: 2 } as const

/** What a tool needs of the session. */
export interface ToolGround {
  store: DesktopStore
  strokes: BrushStrokes
  apply(operation: MaskOperation): Promise<void>
  mark(mark: ToolMark): void
}

/** The pointer's part of a tool; null for looking. */
export function pointerTool(tool: Tool, ground: ToolGround): PointerTool | null {
  switch (tool) {
    case 'look':
      return null
    case 'brush':
    case 'ball':
    case 'eraser':
      return new BrushTool(tool, ground)
    case 'lasso':
      return new LassoTool(ground)
    default:
      return new ClickTool(tool, ground)
  }
}

/** Where in the file a point of a slice is: in it by the pointer, across it where the crosshair is. */
export function placed({ pointXyz, axis }: SlicePoint, store: DesktopStore): [number, number, number] {
  const { crosshairXyz } = store.getState()
  const place: [number, number, number] = [...pointXyz]
  if (crosshairXyz) place[AXIS_INDEX[axis]] = crosshairXyz[AXIS_INDEX[axis]]
  return place
}

/** Where a brush is put down. One of a single voxel has the centre of none within it when it points at a corner. */
export function brushPlace(point: SlicePoint, store: DesktopStore): [number, number, number] {
  const [x, y, z] = placed(point, store)
  return store.getState().brushSize === 1 ? [Math.round(x), Math.round(y), Math.round(z)] : [x, y, z]
}

/** The voxel under a point. */
function voxelAt(point: SlicePoint, store: DesktopStore): [number, number, number] {
  const shape = store.getState().volume?.shape_zyx ?? [1, 1, 1]
  return placed(point, store).map((at, axis) => Math.min(shape[2 - axis] - 1, Math.max(0, Math.round(at)))) as [
    number,
    number,
    number,
  ]
}

/** Draws as the pointer moves. */
class BrushTool implements PointerTool {
  private readonly tool: 'brush' | 'ball' | 'eraser'
  private readonly ground: ToolGround

  constructor(tool: 'brush' | 'ball' | 'eraser', ground: ToolGround) {
    this.tool = tool
    this.ground = ground
  }

  hover(point: SlicePoint | null): void {
    if (!point) return this.ground.mark(NO_MARK)
    const radius = this.ground.store.getState().brushSize / 2
    const [width, height] = point.pixelsPerVoxel
    this.ground.mark({
      brush: { x: point.x, y: point.y, radiusX: radius * width, radiusY: radius * height },
      lasso: [],
    })
  }

  start(point: SlicePoint): void {
    const { activeLabel, brushSize, paintOver } = this.ground.store.getState()
    const isEraser = this.tool === 'eraser'
    const look: StrokeLook = {
      label: isEraser ? 0 : activeLabel,
      shape: this.tool === 'ball' ? 'ball' : 'disc',
      axis: point.axis,
      radius_vox: brushSize / 2,
      over: isEraser ? 'any' : paintOver,
    }
    this.ground.strokes.begin(look, brushPlace(point, this.ground.store))
  }

  move(point: SlicePoint): void {
    this.ground.strokes.extend(brushPlace(point, this.ground.store))
  }

  end(): void {
    this.ground.strokes.end()
  }
}

class LassoTool implements PointerTool {
  private readonly ground: ToolGround
  private points: { at: [number, number, number]; pixel: [number, number] }[] = []
  private axis: SlicePoint['axis'] = 'z'

  constructor(ground: ToolGround) {
    this.ground = ground
  }

  hover(): void {}

  start(point: SlicePoint): void {
    this.points = []
    this.axis = point.axis
    this.move(point)
  }

  move(point: SlicePoint): void {
    this.points.push({ at: placed(point, this.ground.store), pixel: [point.x, point.y] })
    this.ground.mark({ brush: null, lasso: this.points.map((one) => one.pixel) })
  }

  end(): void {
    this.ground.mark(NO_MARK)
    const points = this.points.splice(0)
    if (points.length < 3) return
    const { activeLabel, paintOver } = this.ground.store.getState()
    const across = AXIS_INDEX[this.axis]
    const [column, row] = [0, 1, 2].filter((axis) => axis !== across)
    void this.ground.apply({
      kind: 'lasso',
      label: activeLabel,
      axis: this.axis,
      index: Math.max(0, Math.round(points[0].at[across])),
      polygon: points.map(({ at }) => [at[column], at[row]] as [number, number]),
      over: paintOver,
    })
  }
}

/** Tools that act where one clicks. */
class ClickTool implements PointerTool {
  private readonly tool: 'fill' | 'grow' | 'delete' | 'merge'
  private readonly ground: ToolGround

  constructor(tool: 'fill' | 'grow' | 'delete' | 'merge', ground: ToolGround) {
    this.tool = tool
    this.ground = ground
  }

  hover(): void {}

  start(point: SlicePoint): void {
    const { activeLabel: label, growRange, growReach } = this.ground.store.getState()
    const seed_xyz = voxelAt(point, this.ground.store)
    switch (this.tool) {
      case 'fill':
        return void this.ground.apply({ kind: 'fill', label, axis: point.axis, seed_xyz })
      case 'delete':
        return void this.ground.apply({ kind: 'object', label: 0, seed_xyz })
      case 'merge':
        return void this.ground.apply({ kind: 'object', label, seed_xyz })
      case 'grow':
        if (growRange) void this.ground.apply({ kind: 'grow', label, seed_xyz, ...growRange, reach_vox: growReach })
    }
  }

  move(): void {}

  end(): void {}
}
