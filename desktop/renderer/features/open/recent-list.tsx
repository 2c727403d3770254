import { useFacts, useSession } from '../../session/use-session.ts'

// The menu has them all.
const MAX_SHOWN = 5

/** Files that were open before. */
export function RecentList() {
  const { program } = useSession()
  const recent = useFacts((state) => state.recent)
  if (recent.length === 0) return null
  return (
    <ul className="recent" aria-label="Recent files">
      {recent.slice(0, MAX_SHOWN).map(({ recent_ref, name, folder_name }) => (
        <li key={recent_ref}>
          <button type="button" className="quiet" onClick={() => void program.openRecent(recent_ref)}>
            <strong>{name}</strong> <span className="faint">{folder_name}</span>
          </button>
        </li>
      ))}
    </ul>
  )
}
