import { describe, expect, it } from 'vitest'
import { serverUrl } from './server-url.ts'

describe('serverUrl', () => {
  it('keeps scheme, host and port, and nothing else', () => {
    expect(serverUrl(' https://gpu.lab:8443/v1/jobs?x=1 ')).toBe('https://gpu.lab:8443')
  })

  it('means http where no scheme is written', () => {
    expect(serverUrl('gpu-server:8080')).toBe('http://gpu-server:8080')
  })

  it.each(['ftp://a', 'http://', 'http://user:pass@a', 'two words', ''])('refuses %s', (text) => {
    expect(() => serverUrl(text)).toThrow(expect.objectContaining({ code: 'request_invalid' }))
  })
})
