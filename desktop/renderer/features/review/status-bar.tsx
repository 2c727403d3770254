import { useFacts } from '../../session/use-session.ts'
import { formatNm, worldNm } from '../../state/physical.ts'
import { formatValue } from '../../ui/format.ts'

/** Where the crosshair is, and what the file says there. */
export function StatusBar() {
  const crosshair = useFacts((state) => state.crosshairXyz)
  const voxel = useFacts((state) => state.voxel)
  const labels = useFacts((state) => state.mask?.labels ?? state.run?.labels)
  const label = useFacts((state) => (state.mask ? state.maskLabel : (state.voxel?.label ?? null)))
  const volume = useFacts((state) => state.volume)
  const given = useFacts((state) => state.displaySpacing)
  const world = volume && crosshair && worldNm(volume, given, crosshair)
  const version = useFacts((state) => state.app?.version)
  const labelName = labels?.find((one) => one.value === label)?.name
  return (
    <footer className="status-bar">
      {crosshair ? (
        <>
          <span>
            Voxel (x, y, z) <output data-testid="crosshair">{crosshair.join(', ')}</output>
          </span>
          {world ? (
            <span>
              Position <output data-testid="world-position">{world.map((nm) => formatNm(nm)).join(', ')}</output>
            </span>
          ) : null}
          <span>
            Value{' '}
            <output data-testid="voxel-value" data-value={voxel?.value ?? ''}>
              {voxel === undefined ? '…' : voxel.value === null ? 'not a number' : formatValue(voxel.value)}
            </output>
          </span>
          {label ? (
            <span>
              Label <output data-testid="voxel-label">{labelName ?? label}</output>
            </span>
          ) : null}
          <span className="hint faint">
            Click moves · wheel scrolls · Ctrl or ⌘ + wheel zooms · double click: one pane
          </span>
        </>
      ) : null}
      <span className="push faint">CryoMamba {version}</span>
    </footer>
  )
}
