import type { RunView } from '../../../../shared/contract/bridge.ts'
import { useFacts, useSession } from '../../session/use-session.ts'
import { formatMoment } from '../../ui/format.ts'
import { Icon } from '../../ui/icon.tsx'
import { Meter } from '../../ui/meter.tsx'
import { hasEnded, progressShare, rowText } from './progress-text.ts'
import { RunControls } from './run-controls.tsx'

/** One run in the list: whose, where, how far; a click on its name shows it. */
export function RunRow({ run }: { run: RunView }) {
  const session = useSession()
  const isShown = useFacts((state) => state.run?.run_ref === run.run_ref)
  const share = progressShare(run)
  const begun = formatMoment(run.created_at)
  return (
    <li
      className={isShown ? 'run-row is-chosen' : 'run-row'}
      data-testid="run-row"
      data-name={run.volume_name}
      data-phase={run.phase}
    >
      <div className="run-head">
        <button
          type="button"
          className="quiet run-name"
          title={`Show ${run.volume_name}, ${run.model_name}, ${run.server_name}`}
          aria-pressed={isShown}
          onClick={() => void session.runs.show(run.run_ref)}
        >
          {run.volume_name}
        </button>
        {hasEnded(run) ? (
          <button
            type="button"
            className="quiet"
            aria-label={`Remove the run of ${run.volume_name}`}
            onClick={() => void session.runs.dismiss(run.run_ref)}
          >
            <Icon name="close" />
          </button>
        ) : null}
      </div>
      <p className="faint">
        {run.model_name} · {run.server_name}
      </p>
      <p>
        {rowText(run)}
        {begun ? <span className="faint"> · {begun}</span> : null}
      </p>
      {share === null ? null : <Meter label={`Progress of ${run.volume_name}`} share={share} />}
      {run.phase === 'completed' && !isShown && (run.source !== 'file' || run.volume_doubt) ? (
        <button type="button" className="small" onClick={() => void session.exportMask(run.run_ref, 'mrc')}>
          Save its mask…
        </button>
      ) : null}
      {isShown && !hasEnded(run) ? null : <RunControls run={run} isSmall />}
    </li>
  )
}
