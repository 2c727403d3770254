import type { Mode0, OpenedVolume } from '../../../../shared/contract/bridge.ts'
import { useSession } from '../../session/use-session.ts'

const DOUBTFUL = 'mode0_sign_doubtful'

/** Where an MRC file of mode 0 leaves its sign in doubt, the user says it; the server is told with the upload. */
export function SignSwitch({ volume }: { volume: OpenedVolume }) {
  const session = useSession()
  const isDoubtful = volume.warnings.some((warning) => warning.code === DOUBTFUL)
  if (!isDoubtful && volume.mode0 === null) return null
  const current: Mode0 = volume.dtype === 'uint8' ? 'unsigned' : 'signed'
  return (
    <div className="segments" role="radiogroup" aria-label="8-bit values">
      {(['signed', 'unsigned'] as const).map((mode0) => (
        <label key={mode0} className={current === mode0 ? 'is-chosen' : undefined}>
          <input type="radio" name="mode0" checked={current === mode0} onChange={() => void session.readMode0(mode0)} />
          {mode0 === 'signed' ? 'Signed' : 'Unsigned'}
        </label>
      ))}
    </div>
  )
}
