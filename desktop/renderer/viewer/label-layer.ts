import type { Niivue } from '@niivue/niivue'
import type { MaskPatch } from '../../../shared/contract/mask-view.ts'
import type { LabelsMessage } from '../../../shared/contract/volume-port.ts'
import { orientVoxels } from '../../../shared/volume/display-orientation.ts'
import { numVoxels, reverseTriple } from '../../../shared/volume/zyx.ts'
import { inGraphics } from './graphics-span.ts'
import { type BlockSlots, writeBlocks } from './label-blocks.ts'
import { writeSlots } from './label-patch.ts'
import { LabelPlanes } from './label-planes.ts'
import { type LabelStyle, planeSlots, type SlotRule, slotColors, slotRule, slotsOf } from './label-slots.ts'
import { boxOnDisplay, type LevelGrid } from './level-grid.ts'

/** NiiVue keeps the drawing layer on this texture unit. */
const DRAWING_UNIT = 33_991 // gl.TEXTURE7

/**
 * Labels over the level, in NiiVue's drawing layer: one byte a voxel, in display order, coloured while drawing.
 * Masks, previews and corrections all go through here; a part of the planes can be replaced alone.
 */
export class LabelLayer {
  /** At the file's full resolution on the slices, where the level is coarser. */
  readonly planes: LabelPlanes
  private readonly nv: Niivue
  private styles: readonly LabelStyle[] = []
  private rule: SlotRule = 'value'
  private opacity = 0.5
  private isVisible = true

  constructor(nv: Niivue) {
    this.nv = nv
    this.planes = new LabelPlanes(nv, (labels) => planeSlots(labels, this.styles, this.rule))
  }

  /** @param grid of the level on show; labels of another grid are ignored */
  show({ voxels, stage, bin, factor, first_plane, shape_zyx }: LabelsMessage, grid: LevelGrid): void {
    if (bin !== grid.bin) return
    const hasUnknown = stage !== 'final'
    this.takeRule(slotRule(voxels, this.styles, hasUnknown))
    const slots = slotsOf(voxels, this.styles, hasUnknown)
    const firstPlane = first_plane ?? 0
    const isWhole = first_plane === undefined
    if (factor !== undefined) this.showBlocks({ slots, factor, firstPlane, shapeZyx: shape_zyx }, isWhole, grid)
    else if (isWhole) this.replace(slots, grid)
    else this.replacePlanes(slots, firstPlane, shape_zyx[1] * shape_zyx[2], grid)
    this.nv.drawOpacity = this.isVisible ? this.opacity : 0
  }

  /**
   * Replaces the labels of a box, given in the order of the file. False when nothing is there to put it into, or the
   * values take other slots than those that are: then all labels have to be shown anew.
   */
  patch({ voxels, bin, start_zyx, shape_zyx }: MaskPatch, grid: LevelGrid): boolean {
    const { nv } = this
    const bitmap = nv.drawBitmap
    if (bin !== grid.bin || !bitmap || !nv.drawTexture || slotRule(voxels, this.styles, false) !== this.rule)
      return false
    const { orientation } = grid
    const box = boxOnDisplay({ start_zyx, shape_zyx }, grid.levelShapeZyx, orientation)
    const { startXyz: start, shapeXyz: shape } = box
    const slots = slotsOf(orientVoxels(voxels, shape_zyx, orientation), this.styles, false)
    writeSlots(bitmap, grid.levelShapeZyx, slots, { start_zyx: reverseTriple(start), shape_zyx: reverseTriple(shape) })
    inGraphics('labels', () => {
      const { gl, drawTexture } = nv
      gl.activeTexture(DRAWING_UNIT)
      gl.bindTexture(gl.TEXTURE_3D, drawTexture)
      gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
      gl.texSubImage3D(gl.TEXTURE_3D, 0, ...start, ...shape, gl.RED, gl.UNSIGNED_BYTE, slots)
    })
    return true
  }

  clear(): void {
    this.planes.hide()
    this.nv.drawBitmap = null
    this.nv.drawTexture = this.nv.r8Tex(this.nv.drawTexture, DRAWING_UNIT, [1, 2, 2, 2], true)
  }

  /** Colours and visibility. Where slots follow their order, values keep theirs as long as the list keeps its order. */
  setStyles(styles: readonly LabelStyle[]): void {
    this.styles = styles
    this.applyColors()
    if (this.rule === 'order') this.planes.restyle()
  }

  setOpacity(opacity: number, isVisible: boolean): void {
    this.opacity = opacity
    this.isVisible = isVisible
    this.nv.drawOpacity = isVisible ? opacity : 0
  }

  private takeRule(rule: SlotRule): void {
    if (this.rule === rule) return
    this.rule = rule
    this.applyColors()
    this.planes.restyle()
  }

  private applyColors(): void {
    this.nv.drawLut = { lut: slotColors(this.styles, this.rule), labels: [] }
    this.nv.refreshColormaps()
  }

  private replace(slots: Uint8Array, grid: LevelGrid): void {
    const { nv } = this
    const [nx, ny, nz] = reverseTriple(grid.levelShapeZyx)
    const isNew = nv.drawBitmap?.length !== slots.length
    nv.drawBitmap = slots
    inGraphics('labels', () => {
      if (isNew) nv.drawTexture = nv.r8Tex(nv.drawTexture, DRAWING_UNIT, [3, nx, ny, nz], true)
      this.upload(slots, 0, nz, grid)
    })
  }

  /** Planes of a layer that is there already. */
  private replacePlanes(slots: Uint8Array, firstPlane: number, planeVoxels: number, grid: LevelGrid): void {
    const bitmap = this.bitmapOf(grid)
    if (!bitmap || slots.length === 0) return
    bitmap.set(slots, firstPlane * planeVoxels)
    inGraphics('labels', () => this.upload(slots, firstPlane, slots.length / planeVoxels, grid))
  }

  /** Labels of a grid that is coarser than the level. */
  private showBlocks(blocks: BlockSlots, isWhole: boolean, grid: LevelGrid): void {
    const bitmap = isWhole ? new Uint8Array(numVoxels(grid.levelShapeZyx)) : this.bitmapOf(grid)
    if (!bitmap) return
    const { firstPlane, numPlanes } = writeBlocks(bitmap, blocks, grid)
    if (isWhole) return this.replace(bitmap, grid)
    if (numPlanes === 0) return
    const planeVoxels = grid.levelShapeZyx[1] * grid.levelShapeZyx[2]
    const slots = bitmap.subarray(firstPlane * planeVoxels, (firstPlane + numPlanes) * planeVoxels)
    inGraphics('labels', () => this.upload(slots, firstPlane, numPlanes, grid))
  }

  /** The layer that is there, where it is one of this level. */
  private bitmapOf(grid: LevelGrid): Uint8Array | null {
    const { drawBitmap } = this.nv
    return drawBitmap?.length === numVoxels(grid.levelShapeZyx) ? drawBitmap : null
  }

  private upload(slots: Uint8Array, firstPlane: number, numPlanes: number, grid: LevelGrid): void {
    const { gl, drawTexture } = this.nv
    const [nx, ny] = reverseTriple(grid.levelShapeZyx)
    gl.activeTexture(DRAWING_UNIT)
    gl.bindTexture(gl.TEXTURE_3D, drawTexture)
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
    gl.texSubImage3D(gl.TEXTURE_3D, 0, 0, 0, firstPlane, nx, ny, numPlanes, gl.RED, gl.UNSIGNED_BYTE, slots)
  }
}
