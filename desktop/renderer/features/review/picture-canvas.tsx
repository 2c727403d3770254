import { useEffect, useRef } from 'react'
import type { PictureOwner } from '../../session/picture-owner.ts'
import { VolumeView } from '../../viewer/volume-view.ts'

/** The canvas of a picture. The view on it belongs to the owner while the canvas is there. */
export function PictureCanvas({ owner, label }: { owner: PictureOwner; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    if (!canvas.current) return
    const view = new VolumeView(canvas.current, owner.viewEvents())
    view.attach().then(
      () => owner.viewAttached(view),
      () => owner.viewFailed(),
    )
    return () => {
      owner.viewDetached(view)
      view.dispose()
    }
  }, [owner])
  return <canvas ref={canvas} aria-label={label} tabIndex={0} />
}
