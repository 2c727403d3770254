import { type DragEvent, type ReactNode, useState } from 'react'
import { useSession } from '../../session/use-session.ts'

/** The whole window takes a dropped file; before NiiVue, which stops these events at its canvas. */
export function DropZone({ children }: { children: ReactNode }) {
  const { openDropped } = useSession()
  const [isOver, setIsOver] = useState(false)
  const over = (event: DragEvent) => {
    event.preventDefault()
    setIsOver(true)
  }
  const left = (event: DragEvent) => {
    if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setIsOver(false)
  }
  const dropped = (event: DragEvent) => {
    event.preventDefault()
    event.stopPropagation()
    setIsOver(false)
    const [file] = event.dataTransfer.files
    if (file) void openDropped(file)
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is an extra way; the button opens files too
    <div
      className={isOver ? 'window is-over' : 'window'}
      onDragOverCapture={over}
      onDragLeave={left}
      onDropCapture={dropped}
    >
      {children}
    </div>
  )
}
