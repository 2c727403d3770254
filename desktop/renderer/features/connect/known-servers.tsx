import { useFacts, useSession } from '../../session/use-session.ts'
import { Icon } from '../../ui/icon.tsx'

/** Servers that were used before, last used first; each can be taken up again or removed. */
export function KnownServers({ chosenUrl, onChoose }: { chosenUrl: string; onChoose: (url: string) => void }) {
  const session = useSession()
  const servers = useFacts((state) => state.app?.servers) ?? []
  if (servers.length === 0) return null
  return (
    <ul className="servers" aria-label="Servers used before">
      {servers.map(({ url, has_token: hasToken }) => (
        <li key={url}>
          <button
            type="button"
            className="quiet"
            title={hasToken ? url : `${url}: enter its token`}
            aria-pressed={url === chosenUrl}
            onClick={() => onChoose(url)}
          >
            {url}
          </button>
          <button
            type="button"
            className="quiet"
            aria-label={`Remove ${url}`}
            onClick={() => void session.servers.forget(url)}
          >
            <Icon name="close" />
          </button>
        </li>
      ))}
    </ul>
  )
}
