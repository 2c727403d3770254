import { type ReactNode, useEffect, useRef } from 'react'
import { Icon } from './icon.tsx'

export interface SheetProps {
  title: string
  /** Something is under way in it: Escape does not close it. */
  isHeld?: boolean
  onClose: () => void
  children: ReactNode
}

/** A page over the window. It takes the focus and gives it back; Escape closes it. */
export function Sheet({ title, isHeld = false, onClose, children }: SheetProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  return (
    <dialog
      ref={dialog}
      className="sheet"
      aria-label={title}
      onCancel={(event) => isHeld && event.preventDefault()}
      onClose={onClose}
    >
      <header className="sheet-head">
        <h2>{title}</h2>
        {isHeld ? null : (
          <button type="button" className="quiet" aria-label={`Close ${title}`} onClick={() => dialog.current?.close()}>
            <Icon name="close" />
          </button>
        )}
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long page is scrolled with the keys */}
      <section className="sheet-body" aria-label={`${title}, content`} tabIndex={0}>
        {children}
      </section>
    </dialog>
  )
}
