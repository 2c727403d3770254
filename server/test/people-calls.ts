import type { Scope } from '../people/access.ts'
import type { TestServer } from './test-server.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** Tokens of people and requests with them, to the server that a test has at the time. */
export function callsOn(server: () => TestServer) {
  return {
    /** Header of a new token of a user. */
    tokenOf: async (user: string, scope: Scope = 'write', lifetimeDays: number | null = 1) => {
      const { token } = await server().tokens.create({ user, scopes: [scope], lifetimeDays })
      return { authorization: `Bearer ${token}` }
    },
    ask: async (headers: Record<string, string>, method: Method, url: string, payload?: object) => {
      const reply = await server().app.inject({ method, url, headers, ...(payload ? { payload } : {}) })
      const body = reply.body === '' ? {} : JSON.parse(reply.body)
      return { status: reply.statusCode, code: body.code as string | undefined, body, headers: reply.headers }
    },
  }
}
