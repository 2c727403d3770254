import type { Me } from '../../../../shared/contract/people.ts'

const DAY_MS = 86_400_000

/** Warned of this long before a token ends. */
const SOON_DAYS = 7

/** Whose token is used, what it allows, and until when. */
export function IdentityLine({ me }: { me: Me | null }) {
  if (!me) return null
  const daysLeft = me.expires_at === null ? null : (Date.parse(me.expires_at) - Date.now()) / DAY_MS
  const cannotRun = !me.scopes.includes('write') && !me.scopes.includes('admin')
  return (
    <>
      <p className="faint" data-testid="identity">
        {me.user} · {me.scopes.join(', ')}
        {me.groups.length > 0 ? ` · ${me.groups.join(', ')}` : ''}
        {me.expires_at === null ? '' : ` · token until ${new Date(me.expires_at).toLocaleDateString()}`}
      </p>
      {cannotRun ? <p className="result is-bad">This token can look, but not start runs.</p> : null}
      {daysLeft !== null && daysLeft < SOON_DAYS ? (
        <p className="result is-bad">The token ends soon. Ask the server's administrator for a new one.</p>
      ) : null}
    </>
  )
}
