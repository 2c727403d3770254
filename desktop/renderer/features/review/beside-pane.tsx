import type { ReactNode } from 'react'
import { StoreContext, useFacts, useMainFacts, useSession } from '../../session/use-session.ts'
import { linkRule, placeIn, voxelIn } from '../../state/linked-place.ts'
import { formatValue } from '../../ui/format.ts'
import { Icon } from '../../ui/icon.tsx'
import { Meter } from '../../ui/meter.tsx'
import { ContrastPanel } from './contrast-panel.tsx'
import { PaneTags } from './pane-tags.tsx'
import { PictureCanvas } from './picture-canvas.tsx'
import { ScaleBars } from './scale-bars.tsx'

/** What is inside shows facts of the volume beside. */
function Beside({ children }: { children: ReactNode }) {
  const { beside } = useSession()
  return <StoreContext value={beside.store}>{children}</StoreContext>
}

/** The picture of the volume beside the one on show. */
export function BesidePane() {
  const name = useMainFacts((state) => state.volume?.name ?? '')
  return (
    <>
      <div className="picture-head">
        <span className="picture-name" title={name}>
          {name}
        </span>
      </div>
      <Beside>
        <BesidePicture />
      </Beside>
    </>
  )
}

/** Black and white of the volume beside: its values are its own. */
export function BesideContrast() {
  return (
    <Beside>
      <NamedContrast />
    </Beside>
  )
}

function NamedContrast() {
  const name = useFacts((state) => state.volume?.name)
  return name ? <ContrastPanel title={`Contrast of ${name}`} /> : null
}

function BesidePicture() {
  const { beside } = useSession()
  const graphicsLosses = useFacts((state) => state.graphicsLosses)
  const hasLevel = useFacts((state) => state.level !== null)
  const isSampled = useFacts((state) => state.level?.is_sampled ?? false)
  const progress = useFacts((state) => state.levelProgress)
  return (
    <section className="beside" aria-label="Volume beside">
      <BesideHead />
      <div className="viewer is-beside" data-testid="beside" data-ready={hasLevel && !isSampled}>
        <PictureCanvas key={graphicsLosses} owner={beside} label="Slices and 3D view of the volume beside" />
        {hasLevel ? <PaneTags /> : null}
        {hasLevel ? <ScaleBars /> : null}
        {progress === null ? null : (
          <div className="reading">
            <span>Reading the volume beside…</span>
            <Meter label="Reading the volume beside" share={progress} />
          </div>
        )}
      </div>
    </section>
  )
}

function BesideHead() {
  const { beside } = useSession()
  const name = useFacts((state) => state.volume?.name ?? '')
  return (
    <div className="picture-head is-beside">
      <span className="picture-name" title={name}>
        {name}
      </span>
      <BesideValue />
      <LinkText />
      <button type="button" className="quiet" aria-label="Close the volume beside" onClick={() => void beside.close()}>
        <Icon name="close" />
      </button>
    </div>
  )
}

function BesideValue() {
  const voxel = useFacts((state) => state.voxel)
  const crosshair = useFacts((state) => state.crosshairXyz)
  if (!crosshair) return null
  const value = voxel === undefined ? '…' : voxel.value === null ? 'not a number' : formatValue(voxel.value)
  return (
    <span>
      <output data-testid="beside-voxel">{crosshair.join(', ')}</output>
      {': '}
      <output data-testid="beside-value">{value}</output>
    </span>
  )
}

/** By what the two are linked, and whether the place is in this volume at all. */
function LinkText() {
  const main = useMainFacts((state) => state.volume)
  const mainGiven = useMainFacts((state) => state.displaySpacing)
  const mainPlace = useMainFacts((state) => state.crosshairXyz)
  const volume = useFacts((state) => state.volume)
  const given = useFacts((state) => state.displaySpacing)
  if (!main || !volume) return null
  const [to, from] = [
    { volume, given },
    { volume: main, given: mainGiven },
  ]
  const isOutside = mainPlace !== null && voxelIn(to, placeIn(to, from, mainPlace)).isOutside
  const rule = linkRule(to, from) === 'world' ? 'linked by position' : 'linked by voxel: a voxel size is unknown'
  return <span data-testid="link-rule">{isOutside ? `${rule}; the crosshair is outside` : rule}</span>
}
