import { useEffect, useMemo, useState } from 'react'
import { lengthText, MOVIE_LIMITS, type MovieChoice, type MovieFormat, slicesOf } from '../../pictures/movie-plan.ts'
import { evenSize, offeredSizes } from '../../pictures/picture-size.ts'
import { movieFormats } from '../../pictures/video-movie.ts'
import { useFacts, useSession } from '../../session/use-session.ts'
import { SliceFields, TurnFields, useNumSlices } from './movie-fields.tsx'
import { MovieProgress } from './movie-progress.tsx'
import { NumberRow } from './number-row.tsx'
import { ShownFields, SizeField } from './picture-fields.tsx'

const SHOWS: readonly [string, string][] = [
  ['xy', 'XY slices, one after the other'],
  ['xz', 'XZ slices, one after the other'],
  ['yz', 'YZ slices, one after the other'],
  ['3d', '3D view, turning'],
]
const FORMAT_NAMES: Readonly<Record<MovieFormat, string>> = {
  webm: 'WebM (VP9)',
  mp4: 'MP4 (H.264)',
  gif: 'GIF (256 colours)',
}

/** Makes a movie of slices or of the turning 3D view. */
export function MoviePage() {
  const isMaking = useFacts((state) => state.making !== null)
  return isMaking ? <MovieProgress /> : <MovieForm />
}

function MovieForm() {
  const { pictures } = useSession()
  const choice = useFacts((state) => state.movieChoice)
  const change = useFacts((state) => state.movieChosen)
  const isSampled = useFacts((state) => state.level?.is_sampled ?? true)
  const numFrames = useNumFrames(choice)
  const formats = useFormats()
  const { kind, pane } = choice
  const found = useMemo(() => pictures.movieSizeOf({ kind, pane }), [pictures, kind, pane])
  if (!found || !formats) return null
  // A movie four times as large would open nowhere.
  const sizes = offeredSizes(found.size, found.drawn)
    .filter((one) => one.scale < 4)
    .map((one) => (choice.format === 'gif' ? one : { ...one, ...evenSize(one) }))
  const scale = sizes.find((one) => one.scale === choice.scale && one.isPossible)?.scale ?? 1
  const format = formats.includes(choice.format) ? choice.format : formats[0]
  const save = () => {
    change({ scale, format })
    void pictures.saveMovie()
  }
  return (
    <div className="settings">
      <label>
        <span>Shows</span>
        <select
          value={choice.kind === 'slices' ? choice.pane : '3d'}
          onChange={(event) => change(shownAs(event.currentTarget.value))}
        >
          {SHOWS.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {choice.kind === 'slices' ? <SliceFields choice={choice} /> : <TurnFields choice={choice} />}
      <NumberRow
        label="Frames per second"
        value={choice.framesPerSecond}
        max={MOVIE_LIMITS.framesPerSecond}
        onCommit={(framesPerSecond) => change({ framesPerSecond })}
      />
      <SizeField sizes={sizes} scale={scale} onChange={(next) => change({ scale: next })} />
      <label>
        <span>Format</span>
        <select value={format} onChange={(event) => change({ format: event.currentTarget.value as MovieFormat })}>
          {formats.map((one) => (
            <option key={one} value={one}>
              {FORMAT_NAMES[one]}
            </option>
          ))}
        </select>
      </label>
      <ShownFields shown={choice} onChange={change} />
      <p className="faint">
        {isSampled
          ? 'The volume is still being read. A movie can be made once all of it is there.'
          : choice.kind === 'slices'
            ? 'Every slice is shown at full resolution. Margins around the volume are left out.'
            : 'The 3D view turns about its vertical axis, from where it is now.'}
      </p>
      <div className="sheet-actions">
        <span data-testid="movie-length">{lengthText(numFrames, choice.framesPerSecond)}</span>
        <button type="button" className="primary" disabled={isSampled} onClick={save}>
          Save movie…
        </button>
      </div>
    </div>
  )
}

function shownAs(value: string): Partial<MovieChoice> {
  if (value === '3d') return { kind: 'rotation' }
  return { kind: 'slices', pane: value as MovieChoice['pane'], first: null, last: null }
}

function useNumFrames(choice: MovieChoice): number {
  const size = useNumSlices(choice)
  return choice.kind === 'slices' ? slicesOf(choice, size).length : choice.numFrames
}

/** What this computer encodes; null until that is known. */
function useFormats(): readonly MovieFormat[] | null {
  const [formats, setFormats] = useState<readonly MovieFormat[] | null>(null)
  useEffect(() => {
    void movieFormats().then(setFormats)
  }, [])
  return formats
}
