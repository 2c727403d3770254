import type { JobStatus, Overview } from '../../shared/contract/operation.ts'
import { render } from './render.ts'
import { duration, secondsBetween } from './words.ts'

/**
 * The page of the people who run a server. The token is typed in, kept for this tab only, and sent in a header.
 * States: signed out → signed in (asked again every few seconds) → signed out.
 */

/** Half of what one token may ask in a minute is left for other work. */
const INTERVAL_MS = 2_500

const TOKEN_KEY = 'cryomamba-token'

const page = {
  server: byId('server'),
  notice: byId('notice'),
  signIn: byId('sign-in') as HTMLFormElement,
  token: byId('token') as HTMLInputElement,
  signOut: byId('sign-out') as HTMLButtonElement,
  overview: byId('overview'),
}

let timer = 0

function byId(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (!found) throw new Error(`the page has no ${id}`)
  return found
}

/** An answer of the server that is not what was asked for. */
class Refused extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

async function ask<T>(method: 'GET' | 'POST', path: string): Promise<T> {
  const headers = { authorization: `Bearer ${sessionStorage.getItem(TOKEN_KEY) ?? ''}` }
  const reply = await fetch(path, { method, headers, cache: 'no-store' })
  const body = await reply.json().catch(() => ({}))
  if (!reply.ok) throw new Refused(reply.status, body.message ? `${body.message} ${body.hint}` : `HTTP ${reply.status}`)
  return body
}

function show(isSignedIn: boolean): void {
  page.signIn.hidden = isSignedIn
  page.signOut.hidden = !isSignedIn
  page.overview.hidden = !isSignedIn
  if (isSignedIn) return
  page.overview.replaceChildren()
  page.server.textContent = ''
  page.token.value = ''
  page.token.focus()
}

function say(text: string | null): void {
  page.notice.textContent = text ?? ''
  page.notice.hidden = text === null
}

function signOut(why: string | null): void {
  window.clearTimeout(timer)
  sessionStorage.removeItem(TOKEN_KEY)
  show(false)
  say(why)
}

async function refresh(): Promise<void> {
  window.clearTimeout(timer)
  try {
    const overview = await ask<Overview>('GET', '/v1/admin/overview')
    show(true)
    say(null)
    const up = duration(secondsBetween(overview.started_at, overview.time))
    page.server.textContent = `${overview.version}, running for ${up}`
    keepingFocus(() => page.overview.replaceChildren(...render(overview, { cancel })))
  } catch (error) {
    const isRefused = error instanceof Refused
    if (isRefused && (error.status === 401 || error.status === 403)) return signOut(error.message)
    say(isRefused ? error.message : 'The server does not answer. What is shown may be old; trying again.')
  }
  timer = window.setTimeout(() => void refresh(), INTERVAL_MS)
}

/** The table is made anew: who was on a button stays on it. */
function keepingFocus(change: () => void): void {
  const jobId = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.job : undefined
  change()
  if (jobId) page.overview.querySelector<HTMLElement>(`[data-job="${jobId}"]`)?.focus()
}

function cancel(job: JobStatus): void {
  if (!window.confirm(`Cancel the job of ${job.user}? What it has done is lost.`)) return
  ask('POST', `/v1/admin/jobs/${job.job_id}/cancel`)
    .then(refresh)
    .catch((error: Error) => say(error.message))
}

page.signIn.addEventListener('submit', (event) => {
  event.preventDefault()
  sessionStorage.setItem(TOKEN_KEY, page.token.value.trim())
  void refresh()
})
page.signOut.addEventListener('click', () => signOut(null))
// A page that nobody sees asks for nothing.
document.addEventListener('visibilitychange', () => {
  if (sessionStorage.getItem(TOKEN_KEY) === null) return
  if (document.hidden) window.clearTimeout(timer)
  else void refresh()
})

if (sessionStorage.getItem(TOKEN_KEY)) void refresh()
else show(false)
