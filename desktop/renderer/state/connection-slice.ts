import type { StateCreator } from 'zustand'
import type { Connection } from '../../../shared/contract/bridge.ts'
import type { UnknownCertificate } from '../../../shared/contract/certificate.ts'
import type { ServerInfo } from '../../../shared/contract/server-info.ts'
import type { ProblemEnvelope } from '../../../shared/errors/domain-error.ts'

/** What the last attempt to reach a server came to. */
export type ConnectionCheck =
  | { state: 'idle' }
  | { state: 'testing' | 'connecting' }
  | { state: 'answered'; info: ServerInfo }
  | { state: 'failed'; problem: ProblemEnvelope }

/** The server in use. Facts only; sockets live in the main process. */
export interface ConnectionSlice {
  connection: Connection | null
  /** Why the server in use does not answer now; null while it does. */
  serverProblem: ProblemEnvelope | null
  check: ConnectionCheck
  /** The certificate that the user is asked about. */
  askedCertificate: UnknownCertificate | null
  modelId: string | null
  checkChanged: (check: ConnectionCheck) => void
  serverHeard: (problem: ProblemEnvelope | null) => void
  certificateAsked: (certificate: UnknownCertificate | null) => void
  connected: (connection: Connection) => void
  disconnected: () => void
  modelChosen: (modelId: string) => void
}

export const createConnectionSlice: StateCreator<ConnectionSlice> = (set) => ({
  connection: null,
  serverProblem: null,
  check: { state: 'idle' },
  askedCertificate: null,
  modelId: null,
  checkChanged: (check) => set({ check }),
  serverHeard: (serverProblem) => set({ serverProblem }),
  certificateAsked: (askedCertificate) => set({ askedCertificate }),
  connected: (connection) =>
    set(({ modelId }) => ({
      connection,
      serverProblem: null,
      check: { state: 'idle' },
      modelId: connection.models.some((model) => model.id === modelId) ? modelId : (connection.models[0]?.id ?? null),
    })),
  disconnected: () => set({ connection: null, serverProblem: null, check: { state: 'idle' } }),
  modelChosen: (modelId) => set({ modelId }),
})
