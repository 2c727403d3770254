import { Type } from 'typebox'
import { Time } from './common.ts'

/** What this server is and can do; needs a token, so that "test connection" tests the token too. */
export const ServerInfo = Type.Object({
  name: Type.Literal('cryomamba'),
  version: Type.String(),
  protocol: Type.Integer(),
  time: Time,
  devices: Type.Array(Type.Object({ device_id: Type.String(), kind: Type.String(), name: Type.String() })),
  limits: Type.Object({
    min_chunk_bytes: Type.Integer(),
    max_chunk_bytes: Type.Integer(),
    default_chunk_bytes: Type.Integer(),
    max_upload_bytes: Type.Integer(),
  }),
  capabilities: Type.Array(Type.String()),
})
export type ServerInfo = Type.Static<typeof ServerInfo>

export const Health = Type.Object({ status: Type.Literal('ok'), version: Type.String() })
export type Health = Type.Static<typeof Health>
