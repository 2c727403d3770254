import { useFacts, useSession } from '../../session/use-session.ts'
import { Meter } from '../../ui/meter.tsx'
import { RegionMarks } from '../run/region-marks.tsx'
import { ToolBar } from './correct/tool-bar.tsx'
import { ToolMarks } from './correct/tool-marks.tsx'
import { MeasureMarks } from './measure-marks.tsx'
import { PaneTags } from './pane-tags.tsx'
import { PictureCanvas } from './picture-canvas.tsx'
import { ScaleBars } from './scale-bars.tsx'
import { ViewTools } from './view-tools.tsx'

/** The picture. After the graphics context was lost a new canvas takes over. */
export function ViewerPane() {
  const graphicsLosses = useFacts((state) => state.graphicsLosses)
  const levelProgress = useFacts((state) => state.levelProgress)
  const hasLevel = useFacts((state) => state.level !== null)
  const isSampled = useFacts((state) => state.level?.is_sampled ?? false)
  return (
    <>
      <div className="viewer" data-testid="viewer" data-ready={hasLevel && !isSampled} data-sampled={isSampled}>
        <ViewerCanvas key={graphicsLosses} />
        {hasLevel ? <PaneTags /> : null}
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
      {hasLevel ? <ViewTools /> : null}
    </>
  )
}

function ViewerCanvas() {
  const session = useSession()
  return <PictureCanvas owner={session} label="Slices and 3D view of the volume" />
}
