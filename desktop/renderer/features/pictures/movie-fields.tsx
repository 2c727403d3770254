import { fileAxisOf } from '../../pictures/movie-drawing.ts'
import { MOVIE_LIMITS, type MovieChoice } from '../../pictures/movie-plan.ts'
import { useFacts } from '../../session/use-session.ts'
import { NumberRow } from './number-row.tsx'

/** How many slices of the file follow each other in a pane. */
export function useNumSlices({ pane }: MovieChoice): number {
  return useFacts((state) => state.volume?.shape_zyx[2 - fileAxisOf(state, pane)] ?? 1)
}

/** Which slices a movie shows. */
export function SliceFields({ choice }: { choice: MovieChoice }) {
  const change = useFacts((state) => state.movieChosen)
  const last = useNumSlices(choice) - 1
  return (
    <>
      <NumberRow
        label="From slice"
        value={choice.first ?? 0}
        min={0}
        max={last}
        onCommit={(first) => change({ first })}
      />
      <NumberRow
        label="To slice"
        value={choice.last ?? last}
        min={0}
        max={last}
        onCommit={(next) => change({ last: next })}
      />
      <NumberRow label="Step" value={choice.step} max={Math.max(1, last)} onCommit={(step) => change({ step })} />
    </>
  )
}

/** How far a movie turns, in how many frames. */
export function TurnFields({ choice }: { choice: MovieChoice }) {
  const change = useFacts((state) => state.movieChosen)
  return (
    <>
      <NumberRow label="Turns" value={choice.turns} max={MOVIE_LIMITS.turns} onCommit={(turns) => change({ turns })} />
      <NumberRow
        label="Frames"
        value={choice.numFrames}
        min={2}
        max={MOVIE_LIMITS.numFrames}
        onCommit={(numFrames) => change({ numFrames })}
      />
    </>
  )
}
