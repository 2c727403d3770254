import { Type } from 'typebox'
import { Time } from './common.ts'

const BytesOrNull = Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]))

/** One place that runs jobs; the card's facts are null where nobody knows them, and absent from an older server. */
const Device = Type.Object({
  device_id: Type.String(),
  kind: Type.String(),
  name: Type.String(),
  memory_total_bytes: BytesOrNull,
  memory_used_bytes: BytesOrNull,
  utilisation_percent: Type.Optional(Type.Union([Type.Number({ minimum: 0 }), Type.Null()])),
})

/** What this server is and can do; needs a token, so that "test connection" tests the token too. */
export const ServerInfo = Type.Object({
  name: Type.Literal('cryomamba'),
  version: Type.String(),
  protocol: Type.Integer(),
  time: Time,
  devices: Type.Array(Device),
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

/** The server can take work; where it cannot, the reply is a problem that says why. */
export const Ready = Type.Object({
  status: Type.Literal('ok'),
  /** What an operator should know all the same, e.g. that jobs run on the CPU because no card could be used. */
  notes: Type.Optional(Type.Array(Type.String())),
})
