import http from 'node:http'

export interface Reply {
  status: number
  body: Buffer
}

/** One request on a connection of its own, which ends with the reply: nothing of the run stays open on the server. */
export function ask(
  url: string,
  options: { method?: string; token?: string; headers?: Record<string, string>; body?: Uint8Array | string } = {},
): Promise<Reply> {
  const { method = 'GET', token, headers = {}, body } = options
  const all = { ...headers, ...(token ? { authorization: `Bearer ${token}` } : {}) }
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers: all, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }))
    })
    request.on('error', reject)
    request.end(body)
  })
}
