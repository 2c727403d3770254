import { useFacts } from '../../session/use-session.ts'
import { spacingNote } from './spacing-text.ts'

/** The chosen model's spacing against that of the open volume. */
export function SpacingLine() {
  const model = useFacts((state) => state.connection?.models.find(({ id }) => id === state.modelId))
  const volume = useFacts((state) => state.volume)
  const note = model && volume ? spacingNote(model, volume) : null
  if (!note) return null
  return note.isWarning ? (
    <p className="result is-bad" role="alert" data-testid="spacing">
      {note.text}
    </p>
  ) : (
    <p className="faint" data-testid="spacing">
      {note.text}
    </p>
  )
}
