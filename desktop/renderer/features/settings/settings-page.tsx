import { type ThemeChoice, WHEEL_SPEEDS, ZOOM_STEPS } from '../../../../shared/contract/preferences.ts'
import { useFacts, useSession } from '../../session/use-session.ts'
import { MOST_LEVEL_VOXELS } from '../../state/view-slice.ts'

const THEMES: readonly [ThemeChoice, string][] = [
  ['system', 'As the system'],
  ['dark', 'Dark'],
  ['light', 'Light'],
]
// NiiVue's texture has 4 bytes a voxel.
const VOXELS_PER_MIB = 2 ** 18
const MOST_MIB = MOST_LEVEL_VOXELS / VOXELS_PER_MIB
const MEMORY_MIB = [64, 256, 512, 1024, 2048, MOST_MIB]

/** What the user can set. Every change holds at once. */
export function SettingsPage() {
  const { program } = useSession()
  const preferences = useFacts((state) => state.preferences)
  const isYDown = useFacts((state) => state.isYDown)
  const turnY = useFacts((state) => state.yTurned)
  const mostVoxels = useFacts((state) => state.mostVoxels)
  const setMostVoxels = useFacts((state) => state.mostVoxelsChanged)
  if (!preferences) return null
  const { theme, zoom, notifications, results_folder, wheel_speed } = preferences
  return (
    <div className="settings">
      <label>
        <span>Colours</span>
        <select
          value={theme}
          onChange={(event) => void program.change({ theme: event.currentTarget.value as ThemeChoice })}
        >
          {THEMES.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>Size of text and controls</span>
        <select value={zoom} onChange={(event) => void program.change({ zoom: Number(event.currentTarget.value) })}>
          {ZOOM_STEPS.map((size) => (
            <option key={size} value={size}>
              {Math.round(size * 100)} %
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>Memory for the volume on show</span>
        <select value={mostVoxels ?? ''} onChange={(event) => setMostVoxels(Number(event.currentTarget.value) || null)}>
          <option value="">What the graphics card takes</option>
          {mostVoxels && !MEMORY_MIB.some((size) => size * VOXELS_PER_MIB === mostVoxels) ? (
            <option value={mostVoxels}>{Math.round(mostVoxels / VOXELS_PER_MIB)} MiB</option>
          ) : null}
          {MEMORY_MIB.map((size) => (
            <option key={size} value={size * VOXELS_PER_MIB}>
              {size} MiB{size === MOST_MIB ? ', the most a program can hold' : ''}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>The y axis</span>
        <select value={isYDown ? 'down' : 'up'} onChange={(event) => turnY(event.currentTarget.value === 'down')}>
          <option value="up">Up, as in IMOD and ChimeraX</option>
          <option value="down">Down, as in napari</option>
        </select>
      </label>
      <label>
        <span>Wheel speed</span>
        <select
          value={wheel_speed ?? 1}
          onChange={(event) => void program.change({ wheel_speed: Number(event.currentTarget.value) })}
        >
          {WHEEL_SPEEDS.map((speed) => (
            <option key={speed} value={speed}>
              {speed < 1
                ? `A slice for ${1 / speed} clicks`
                : speed === 1
                  ? 'A slice a click'
                  : `${speed} slices a click`}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>Tell me when a run has ended</span>
        <input
          type="checkbox"
          checked={notifications}
          onChange={(event) => void program.change({ notifications: event.currentTarget.checked })}
        />
      </label>
      <div className="setting">
        <span>Folder of results</span>
        <span className="path" title={results_folder ?? undefined}>
          {results_folder ?? 'Asked each time'}
        </span>
        <button type="button" onClick={() => void program.chooseResultsFolder()}>
          Choose…
        </button>
      </div>
    </div>
  )
}
