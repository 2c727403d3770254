import { createHash } from 'node:crypto'
import { isName, SERVER_USER } from './access.ts'

/** What names that were made for subjects begin with; a subject that is itself like that is put into this form, too. */
const MADE = 'oidc+'
const HASHED = 'oidc.'

const LONGEST = 100

/**
 * The user's name for what an identity provider calls somebody (its `sub`), which may hold any characters and where
 * capital letters count. Two subjects never have one name: a name of small letters stays as it is, any other becomes
 * `oidc+` with each byte that a name cannot hold as `+` and its hex digits (`auth0|Ab` is `oidc+auth0+7c+41b`), and what
 * is too long for that `oidc.` with its SHA-256. The server's own user is nobody's.
 * @returns null for an empty subject
 */
export function nameOfSubject(subject: string): string | null {
  if (subject === '') return null
  const isOwn = isName(subject) && subject !== SERVER_USER && !subject.startsWith(MADE) && !subject.startsWith(HASHED)
  if (isOwn) return subject
  const bytes = [...Buffer.from(subject, 'utf8')]
  const name = MADE + bytes.map(spelled).join('')
  return name.length <= LONGEST ? name : HASHED + createHash('sha256').update(subject, 'utf8').digest('hex')
}

function spelled(byte: number): string {
  const character = String.fromCharCode(byte)
  return /^[a-z0-9._@-]$/.test(character) ? character : `+${byte.toString(16).padStart(2, '0')}`
}
