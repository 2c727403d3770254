import type { StateCreator } from 'zustand'
import type { KeptMask, MaskView } from '../../../shared/contract/mask-view.ts'

/** What the pointer does in a slice. */
export type Tool = 'look' | 'brush' | 'ball' | 'eraser' | 'fill' | 'lasso' | 'grow' | 'delete' | 'merge'

/** What may be drawn over. */
export type Over = 'any' | 'background'

/** The mask that is being corrected, and how. Its voxels are in the mask service and in the picture. */
export interface MaskSlice {
  mask: MaskView | null
  /** Changes of an earlier start, until the user decides. */
  keptMask: KeptMask | null
  tool: Tool
  activeLabel: number
  /** Diameter in voxels of the finest axis. */
  brushSize: number
  paintOver: Over
  /** Values that a region grows over, in file units; null until one is chosen. */
  growRange: { low: number; high: number } | null
  growReach: number
  /** The mask as it was before the corrections is on show. */
  showsBefore: boolean
  threshold: { value: number; smallest: number } | null
  labelOpacities: Readonly<Record<number, number>>
  /** Under the crosshair. */
  maskLabel: number | null
  maskChanged: (mask: MaskView) => void
  maskClosed: () => void
  maskKept: (kept: KeptMask | null) => void
  toolChosen: (tool: Tool) => void
  activeLabelChosen: (value: number) => void
  brushSized: (size: number) => void
  paintOverChosen: (over: Over) => void
  growChanged: (range: { low: number; high: number } | null, reach: number) => void
  beforeToggled: (showsBefore: boolean) => void
  thresholdMoved: (threshold: { value: number; smallest: number } | null) => void
  labelOpacityChanged: (value: number, opacity: number) => void
  maskLabelRead: (label: number | null) => void
}

// The mask service takes no wider brush.
const MOST_BRUSH_SIZE = 400

export const createMaskSlice: StateCreator<MaskSlice> = (set) => ({
  mask: null,
  keptMask: null,
  tool: 'look',
  activeLabel: 1,
  brushSize: 9,
  paintOver: 'any',
  growRange: null,
  growReach: 64,
  showsBefore: false,
  threshold: null,
  labelOpacities: {},
  maskLabel: null,
  maskChanged: (mask) =>
    set((state) => {
      if (state.mask?.mask_ref === mask.mask_ref) return { mask }
      const activeLabel = mask.labels[0]?.value ?? 1
      return {
        mask,
        activeLabel,
        tool: 'look',
        showsBefore: false,
        threshold: null,
        labelOpacities: {},
        growRange: null,
      }
    }),
  maskClosed: () => set({ mask: null, tool: 'look', showsBefore: false, threshold: null, maskLabel: null }),
  maskKept: (keptMask) => set({ keptMask }),
  toolChosen: (tool) => set({ tool }),
  activeLabelChosen: (activeLabel) => set({ activeLabel }),
  brushSized: (size) => set({ brushSize: Math.min(MOST_BRUSH_SIZE, Math.max(1, Math.round(size))) }),
  paintOverChosen: (paintOver) => set({ paintOver }),
  growChanged: (growRange, growReach) => set({ growRange, growReach }),
  beforeToggled: (showsBefore) => set({ showsBefore }),
  thresholdMoved: (threshold) => set({ threshold }),
  labelOpacityChanged: (value, opacity) =>
    set(({ labelOpacities }) => ({ labelOpacities: { ...labelOpacities, [value]: opacity } })),
  maskLabelRead: (maskLabel) => set({ maskLabel }),
})
