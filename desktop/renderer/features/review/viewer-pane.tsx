import { useEffect, useRef } from 'react'
import { DomainError } from '../../../../shared/errors/domain-error.ts'
import { useFacts, useSession } from '../../session/use-session.ts'
import { Meter } from '../../ui/meter.tsx'
import { VolumeView } from '../../viewer/volume-view.ts'
import { RegionMarks } from '../run/region-marks.tsx'
import { ToolBar } from './correct/tool-bar.tsx'
import { ToolMarks } from './correct/tool-marks.tsx'
import { MeasureMarks } from './measure-marks.tsx'
import { PaneTags } from './pane-tags.tsx'
import { ScaleBars } from './scale-bars.tsx'
import { ViewTools } from './view-tools.tsx'

/** The picture. After the graphics context was lost a new canvas takes over. */
export function ViewerPane() {
  const graphicsLosses = useFacts((state) => state.graphicsLosses)
  const levelProgress = useFacts((state) => state.levelProgress)
  const hasLevel = useFacts((state) => state.level !== null)
  const isSampled = useFacts((state) => state.level?.is_sampled ?? false)
  return (
    <div className="viewer" data-testid="viewer" data-ready={hasLevel && !isSampled} data-sampled={isSampled}>
      <ViewerCanvas key={graphicsLosses} />
      {hasLevel ? <PaneTags /> : null}
      {hasLevel ? <ViewTools /> : null}
      {hasLevel ? <ScaleBars /> : null}
      {hasLevel ? <MeasureMarks /> : null}
      {hasLevel ? <RegionMarks /> : null}
      <ToolMarks />
      {hasLevel ? <ToolBar /> : null}
      {levelProgress === null ? null : (
        <div className="reading">
          <span>{isSampled ? 'Sampled picture; reading the whole volume…' : 'Reading the volume…'}</span>
          <Meter label="Reading the volume" share={levelProgress} />
        </div>
      )}
    </div>
  )
}

function ViewerCanvas() {
  const session = useSession()
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    if (!canvas.current) return
    const { graphicsLost, panesChanged, problemMet, slicesDrawn, display } = session.store.getState()
    const view = new VolumeView(canvas.current, {
      onCrosshair: (indexXyz) => session.crosshairMoved(indexXyz),
      onPanes: panesChanged,
      onSlices: slicesDrawn,
      firstDisplay: display,
      onContextLost: () => {
        problemMet(new DomainError('graphics_lost').toEnvelope())
        graphicsLost()
      },
    })
    view.attach().then(
      () => session.viewAttached(view),
      () => session.viewFailed(),
    )
    return () => {
      session.viewDetached(view)
      view.dispose()
    }
  }, [session])
  return <canvas ref={canvas} aria-label="Slices and 3D view of the volume" tabIndex={0} />
}
