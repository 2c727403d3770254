import type { RawAnswer } from './raw-http.ts'

/** What an answer may be: a refusal, or for requests that are odd but right, something else as well. */
export type Verdict = (answer: RawAnswer) => string | null

const LEAK = /node_modules|\.(js|ts):\d+|\bat \S+ \(|\/tmp\/|\/home\/|\/root\/|\/work\/|SQLITE|ENOENT|EACCES|sqlite/

/** Null when the answer is a 4xx problem with everything that a user needs and nothing that is nobody's business. */
export const isRefusal: Verdict = (answer) => {
  if (answer.isHanging) return 'no answer and no end'
  if (answer.status === null) return 'the connection ended without an answer'
  if (answer.status < 400 || answer.status > 499) return `status ${answer.status}: ${textOf(answer)}`
  if (!answer.headers.get('content-type')?.startsWith('application/problem+json'))
    return `status ${answer.status} with ${answer.headers.get('content-type') ?? 'nothing'}: ${textOf(answer)}`
  return problemFault(textOf(answer), answer.status)
}

/** A body as `inject` or a socket gave it, checked as a problem. */
export function problemFault(text: string, status: number): string | null {
  let body: Record<string, unknown>
  try {
    body = JSON.parse(text)
  } catch {
    return `a problem that is not JSON: ${text.slice(0, 200)}`
  }
  for (const name of ['code', 'message', 'hint', 'request_id', 'type', 'title', 'detail'])
    if (typeof body[name] !== 'string' || body[name] === '') return `${name} is missing in ${text}`
  if (typeof body.retryable !== 'boolean') return `retryable is missing in ${text}`
  if (body.status !== status) return `status ${status} says ${String(body.status)}`
  return LEAK.test(text) ? `it leaks: ${text}` : null
}

/** For requests that a server may also carry out: a 2xx or 304 is as good as a refusal. */
export const isRefusalOrFine: Verdict = (answer) =>
  answer.status !== null && answer.status >= 200 && answer.status < 400 && !answer.isHanging ? null : isRefusal(answer)

/** For bytes that are no request: an end of the connection is an answer, too. */
export const isRefusalOrEnd: Verdict = (answer) =>
  answer.status === null && !answer.isHanging ? null : isRefusal(answer)

/** HEAD and the like have a status, but no body. */
export const isStatusOnly: Verdict = (answer) =>
  !answer.isHanging && answer.status !== null && answer.status >= 400 && answer.status < 500
    ? null
    : `status ${answer.status}`

function textOf({ body }: RawAnswer): string {
  return body.toString('utf8').slice(0, 2000)
}
