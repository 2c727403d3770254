import { useEffect } from 'react'
import { TOOL_KEYS } from '../../../session/mask-editing.ts'
import type { Session } from '../../../session/session.ts'

/** Keys of correcting: tools, size, labels, undo and redo. Text fields keep their keys. */
export function useMaskKeys(session: Session): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (!session.masks.isActive || isTyping(event.target)) return
      if (carryOut(session, event)) event.preventDefault()
    }
    window.addEventListener('keydown', pressed, { capture: true })
    return () => window.removeEventListener('keydown', pressed, { capture: true })
  }, [session])
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.matches('input:not([type=range]):not([type=checkbox]), select, textarea')
  )
}

/** True when the key meant something. */
function carryOut({ masks, store }: Session, event: KeyboardEvent): boolean {
  const key = event.key.toLowerCase()
  const state = store.getState()
  if (event.ctrlKey || event.metaKey) {
    if (event.altKey || (key !== 'z' && key !== 'y')) return false
    void (key === 'y' || event.shiftKey ? masks.redo() : masks.undo())
    return true
  }
  if (event.altKey) return false
  const tool = TOOL_KEYS[key]
  if (tool) state.toolChosen(tool)
  else if (key === '[' || key === ']') state.brushSized(nextSize(state.brushSize, key === ']'))
  else if (key === 'i') masks.interpolate('z')
  else if (key === 'c') state.beforeToggled(!state.showsBefore)
  else if (key === 'escape' && state.mask?.busy) void masks.cancel()
  else if (/^[1-9]$/.test(key)) {
    const label = state.mask?.labels[Number(key) - 1]
    if (label) state.activeLabelChosen(label.value)
  } else return false
  return true
}

/** About a tenth more or less, at least one voxel. */
function nextSize(size: number, isLarger: boolean): number {
  const step = Math.max(1, Math.round(size / 10))
  return size + (isLarger ? step : -step)
}
