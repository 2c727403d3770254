import { DomainError } from '../../shared/errors/domain-error.ts'
import { type Finding, failed, ok, warning } from './finding.ts'

/** A server on the same network answers in milliseconds. */
const TIMEOUT_MS = 10_000

/** Does a server answer, is it one of ours, and does it take the token? */
export async function checkServer(url: string, token: string | null): Promise<Finding> {
  const name = 'Server'
  const base = serverBase(url)
  const health = await ask(`${base}/v1/healthz`, null)
  if ('problem' in health)
    return failed(
      name,
      `${base} does not answer (${health.problem})`,
      /CERT|SIGN|ISSUER/.test(health.problem)
        ? "Give the file of the lab's authority with --ca, or in CRYOMAMBA_CA."
        : 'Check the address, the network and the firewall.',
    )
  const { version } = health.body as { version?: string }
  if (health.status !== 200 || typeof version !== 'string') {
    return failed(
      name,
      `${base} answers, but not as a CryoMamba server (status ${health.status})`,
      'Check the address and the proxy in front of it.',
    )
  }
  if (token === null)
    return warning(name, `${base} runs ${version}; its token was not tried`, 'Add --token, or set CRYOMAMBA_TOKEN.')
  const info = await ask(`${base}/v1/server/info`, token)
  if ('problem' in info) return failed(name, `${base} stopped answering (${info.problem})`, "Look at the server's log.")
  if (info.status !== 200)
    return failed(
      name,
      `${base} does not accept the token (status ${info.status})`,
      'Enter the token that the server shows at its start.',
    )
  const { devices } = info.body as { devices?: { name: string }[] }
  return ok(name, `${base} runs ${version} on ${devices?.map((device) => device.name).join(', ')}`)
}

function serverBase(url: string): string {
  const base = URL.canParse(url) ? new URL(url) : null
  if (base && /^https?:$/.test(base.protocol)) return base.origin
  throw new DomainError('usage', { reason: `"${url}" is not an address such as http://host:7450.` })
}

async function ask(
  url: string,
  token: string | null,
): Promise<{ status: number; body: unknown } | { problem: string }> {
  try {
    const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` }
    const reply = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) })
    return { status: reply.status, body: (await reply.json().catch(() => null)) ?? {} }
  } catch (error) {
    const { cause, name } = error as Error & { cause?: NodeJS.ErrnoException }
    return { problem: name === 'TimeoutError' ? `no answer in ${TIMEOUT_MS / 1000} s` : (cause?.code ?? String(error)) }
  }
}
