import { offeredSizes } from '../../pictures/picture-size.ts'
import { useFacts, useSession } from '../../session/use-session.ts'
import type { PaneKind } from '../../viewer/pane-layout.ts'
import type { PictureOf } from '../../viewer/picture-drawing.ts'
import { ShownFields, SizeField } from './picture-fields.tsx'

const NAMES: Readonly<Record<PaneKind, string>> = { xy: 'XY slice', xz: 'XZ slice', yz: 'YZ slice', '3d': '3D view' }

/** Saves what is on the screen as a picture, drawn anew at the size that is wanted. */
export function ScreenshotPage() {
  const { pictures } = useSession()
  const panes = useFacts((state) => state.panes)
  const chosen = useFacts((state) => state.screenshotChoice)
  const change = useFacts((state) => state.screenshotChosen)
  const isMaking = useFacts((state) => state.making !== null)
  // A pane that is no longer on show cannot be what is saved.
  const of: PictureOf = panes.length > 1 && panes.some(({ kind }) => kind === chosen.of) ? chosen.of : 'shown'
  const size = pictures.sizeOf(of)
  if (!size) return null
  const sizes = offeredSizes(size, size)
  const scale = sizes.find((one) => one.scale === chosen.scale && one.isPossible)?.scale ?? 1
  const save = () => {
    change({ of, scale })
    void pictures.saveScreenshot()
  }
  return (
    <div className="settings">
      <label>
        <span>Picture of</span>
        <select value={of} onChange={(event) => change({ of: event.currentTarget.value as PictureOf })}>
          <option value="shown">{panes.length > 1 ? 'All panes' : NAMES[panes[0]?.kind ?? 'xy']}</option>
          {panes.length > 1
            ? panes.map(({ kind }) => (
                <option key={kind} value={kind}>
                  {NAMES[kind]}
                </option>
              ))
            : null}
        </select>
      </label>
      <SizeField sizes={sizes} scale={scale} onChange={(next) => change({ scale: next })} />
      <ShownFields shown={chosen} onChange={change} />
      <p className="faint">
        Drawn anew at this size, not enlarged. The PNG file carries what it was made of: volume, place, contrast, mask.
      </p>
      <div className="sheet-actions">
        <button type="button" className="primary" disabled={isMaking} onClick={save}>
          {isMaking ? 'Saving…' : 'Save picture…'}
        </button>
      </div>
    </div>
  )
}
