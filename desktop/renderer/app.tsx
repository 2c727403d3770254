import { useEffect } from 'react'
import { CertificateQuestion } from './features/connect/certificate-question.tsx'
import { ConnectPanel } from './features/connect/connect-panel.tsx'
import { CrashNotice } from './features/diagnostics/crash-notice.tsx'
import { Sheets } from './features/help/sheets.tsx'
import { DropZone } from './features/open/drop-zone.tsx'
import { EmptyState } from './features/open/empty-state.tsx'
import { TopBar } from './features/open/top-bar.tsx'
import { VolumePanel } from './features/open/volume-panel.tsx'
import { BesideContrast, BesidePane } from './features/review/beside-pane.tsx'
import { ContrastPanel } from './features/review/contrast-panel.tsx'
import { CorrectPanel } from './features/review/correct/correct-panel.tsx'
import { KeptQuestion } from './features/review/correct/kept-question.tsx'
import { MaskLabels } from './features/review/correct/mask-labels.tsx'
import { ExportPanel } from './features/review/export-panel.tsx'
import { LabelsPanel } from './features/review/labels-panel.tsx'
import { MeasurePanel } from './features/review/measure-panel.tsx'
import { PositionPanel } from './features/review/position-panel.tsx'
import { StatusBar } from './features/review/status-bar.tsx'
import { ViewerPane } from './features/review/viewer-pane.tsx'
import { BatchResults } from './features/run/batch-results.tsx'
import { OtherJobs } from './features/run/other-jobs.tsx'
import { RunOutcome } from './features/run/run-outcome.tsx'
import { RunPanel } from './features/run/run-panel.tsx'
import { RunsPanel } from './features/run/runs-panel.tsx'
import { ViewPanel } from './features/view/view-panel.tsx'
import { useBesideFacts, useFacts } from './session/use-session.ts'
import { Notices } from './ui/notices.tsx'

/** The whole window. */
export function App() {
  const theme = useFacts((state) => state.theme)
  const hasVolume = useFacts((state) => state.volume !== null)
  // What one works with stands first.
  const isCorrecting = useFacts((state) => state.mask !== null)
  const isSplit = useBesideFacts((state) => state.volume !== null)
  useEffect(() => {
    document.documentElement.dataset.theme = theme
  }, [theme])
  return (
    <DropZone>
      <TopBar />
      <div className="notices">
        <CrashNotice />
        <KeptQuestion />
        <Notices />
      </div>
      <Sheets />
      <main className={hasVolume ? 'workspace' : 'workspace is-empty'}>
        <aside className="column is-left" aria-label="Volume and display">
          <VolumePanel />
          <LabelsPanel />
          <MaskLabels />
          <PositionPanel />
          <ContrastPanel />
          <BesideContrast />
          <ViewPanel />
          <MeasurePanel />
        </aside>
        <div className={isSplit ? 'stage is-split' : 'stage'}>
          <ViewerPane />
          {isSplit ? <BesidePane /> : null}
          {hasVolume ? null : <EmptyState />}
        </div>
        <aside className="column is-right" aria-label="Segmentation">
          {isCorrecting ? <CorrectPanel /> : null}
          {isCorrecting ? <ExportPanel /> : null}
          <ConnectPanel />
          <RunPanel />
          {isCorrecting ? null : <CorrectPanel />}
          {isCorrecting ? null : <ExportPanel />}
          <RunOutcome />
          <RunsPanel />
          <OtherJobs />
        </aside>
      </main>
      <StatusBar />
      <BatchResults />
      <CertificateQuestion />
    </DropZone>
  )
}
