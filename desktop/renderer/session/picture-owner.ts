import type { VolumeViewEvents } from '../viewer/view-events.ts'
import type { VolumeView } from '../viewer/volume-view.ts'

/** Whoever shows a volume in a picture. */
export interface PictureOwner {
  viewEvents(): VolumeViewEvents
  /** The picture is ready to show something. */
  viewAttached(view: VolumeView): void
  viewDetached(view: VolumeView): void
  viewFailed(): void
}
