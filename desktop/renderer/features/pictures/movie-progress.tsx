import { useFacts, useSession } from '../../session/use-session.ts'
import { Meter } from '../../ui/meter.tsx'

/** How far the movie is, and the way out. */
export function MovieProgress() {
  const { pictures } = useSession()
  const making = useFacts((state) => state.making)
  if (!making) return null
  const { doneFrames, totalFrames } = making
  return (
    <div className="settings">
      <p role="status" data-testid="movie-progress">
        {doneFrames} of {totalFrames} frames
      </p>
      <Meter label="Frames of the movie" share={totalFrames > 0 ? doneFrames / totalFrames : null} />
      <p className="faint">The program stays as it is until the movie is saved.</p>
      <div className="sheet-actions">
        <button type="button" onClick={pictures.cancel}>
          Cancel
        </button>
      </div>
    </div>
  )
}
