import { DomainError } from '../../shared/errors/domain-error.ts'

/** The address as `http(s)://host:port`; without a scheme http is meant. @throws {DomainError} `request_invalid` */
export function serverUrl(entered: string): string {
  const text = entered.trim()
  const address = /^[a-z]+:\/\//i.test(text) ? text : `http://${text}`
  const url = URL.canParse(address) ? new URL(address) : null
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username || !url.hostname)
    throw new DomainError('request_invalid', {
      message: `"${text}" is not the address of a server.`,
      hint: 'Write it like http://gpu-server:8080.',
    })
  return url.origin
}
