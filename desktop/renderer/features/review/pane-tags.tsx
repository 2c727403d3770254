import { useFacts } from '../../session/use-session.ts'
import type { Store } from '../../state/store.ts'
import { planeIndex } from '../../state/view-slice.ts'
import { projectionMode } from '../../viewer/display-map.ts'
import { PANE_AXIS, type Pane, type PaneKind } from '../../viewer/pane-layout.ts'
import { isDarkOnBright } from '../../viewer/projection-window.ts'

const ANATOMICAL: Readonly<Record<PaneKind, string>> = { xy: 'Axial', xz: 'Coronal', yz: 'Sagittal', '3d': '3D' }
const SURFACES = { off: null, making: 'making surfaces…', shown: 'surfaces' } as const
const PROJECTED: Readonly<Record<string, string>> = { largest: 'largest values', smallest: 'smallest values' }
const SLAB_WORDS = { mean: 'mean', min: 'minimum', max: 'maximum' } as const

/** Which plane each pane shows, where it lies, and at which resolution. */
export function PaneTags() {
  const panes = useFacts((state) => state.panes)
  return panes.map((pane) => (
    <div
      key={pane.kind}
      className="pane-tag"
      style={{
        left: `${pane.left * 100}%`,
        top: `${tagTop(pane) * 100}%`,
        maxWidth: `calc(${pane.width * 100}% - 16px)`,
      }}
      data-pane={pane.kind}
    >
      <PaneTag kind={pane.kind} />
    </div>
  ))
}

/** The tools lie over the upper edge of 3D: there the tag stands below. */
function tagTop({ kind, top, height }: Pane): number {
  return kind === '3d' ? top + height : top
}

function PaneTag({ kind }: { kind: PaneKind }) {
  const surfaces = useFacts((state) => (kind === '3d' ? SURFACES[state.surfaces] : null))
  const projected = useFacts((state) => (kind === '3d' ? projectedOf(state) : undefined))
  const smoothing = useFacts((state) => (kind === '3d' ? 0 : state.display.smoothingVox))
  const place = useFacts((state) => placeOf(state, kind))
  const resolution = useFacts((state) => resolutionOf(state, kind))
  const zoom = useFacts((state) => state.slices.find((slice) => slice.kind === kind)?.zoom ?? 1)
  return (
    <>
      {place}
      {projected ? <span data-testid="projected"> · {projected}</span> : null}
      {resolution ? <span data-testid={`resolution-${kind}`}> · {resolution}</span> : null}
      {surfaces ? <span data-testid="surfaces"> · {surfaces}</span> : null}
      {smoothing > 0 ? <span data-testid={`smoothing-${kind}`}> · smoothed σ {smoothing}</span> : null}
      {Math.abs(zoom - 1) > 0.005 ? <span data-testid={`zoom-${kind}`}> · {zoom.toFixed(2)}×</span> : null}
    </>
  )
}

/** Which values are seen along each line of sight. */
function projectedOf({ display, level }: Store): string | undefined {
  return level ? PROJECTED[projectionMode(display, isDarkOnBright(level.histogram))] : undefined
}

/** `XY   z 12 of 72`; along the file's own axes i, j, k where the volume is turned to anatomical ones. */
function placeOf({ volume, level, crosshairXyz }: Store, kind: PaneKind): string {
  const isAnatomical = volume?.format === 'nifti'
  const name = isAnatomical ? ANATOMICAL[kind] : kind.toUpperCase()
  const axis = PANE_AXIS[kind]
  if (!axis || !volume || !level || !crosshairXyz) return name
  const fileAxis = level.orientation.fileAxisXyz['xyz'.indexOf(axis)]
  const size = volume.shape_zyx[2 - fileAxis]
  return `${name}   ${(isAnatomical ? 'ijk' : 'xyz')[fileAxis]} ${crosshairXyz[fileAxis]} of ${size}`
}

/** What is seen there: every voxel of the file, or how much coarser. */
export function resolutionOf({ volume, level, detail, slab, crosshairXyz }: Store, kind: PaneKind): string {
  if (!volume || !level) return ''
  const ofLevel = level.bin === 1 && !level.is_sampled ? 'full resolution' : `1/${level.bin}`
  const levelText = level.is_sampled ? `${ofLevel}, sampled` : ofLevel
  const axis = PANE_AXIS[kind]
  if (!axis || !crosshairXyz) return levelText
  const plane = detail[axis]
  const isShown = plane?.isFull && plane.index === planeIndex(volume, level, crosshairXyz, axis)
  if (!isShown) return levelText
  const slabText = slab.thickness > 1 ? `${SLAB_WORDS[slab.projection]} of ${slab.thickness} planes, ` : ''
  return `${slabText}full resolution`
}
