import { Type } from 'typebox'

/** UUIDv7 as lower-case text. */
export const Id = Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' })

/** ISO 8601, UTC. */
export const Time = Type.String()

export const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })

/** Three positive whole numbers in array order. */
export const ShapeZyx = Type.Tuple([
  Type.Integer({ minimum: 1 }),
  Type.Integer({ minimum: 1 }),
  Type.Integer({ minimum: 1 }),
])

export const Dtype = Type.Union([
  Type.Literal('int8'),
  Type.Literal('uint8'),
  Type.Literal('int16'),
  Type.Literal('uint16'),
  Type.Literal('int32'),
  Type.Literal('uint32'),
  Type.Literal('int64'),
  Type.Literal('uint64'),
  Type.Literal('float16'),
  Type.Literal('float32'),
  Type.Literal('float64'),
])

export const LengthUnit = Type.Union([
  Type.Literal('angstrom'),
  Type.Literal('nm'),
  Type.Literal('um'),
  Type.Literal('mm'),
  Type.Literal('m'),
])

export const Warning = Type.Object({ code: Type.String(), message: Type.String() })

/** Every body is closed: an unknown field is refused by name. */
export const closed = { additionalProperties: false } as const

/** Lower-case name of a user, or of a group. */
export const UserName = Type.String({ pattern: '^[a-z0-9][a-z0-9._@+-]{0,99}$' })
export const GroupName = UserName

/** Whose something is, and the group that shares it; absent from an older server. */
export const OwnerAndProject = {
  owner: Type.Optional(UserName),
  project: Type.Optional(Type.Union([GroupName, Type.Null()])),
}

/** Body of a request that shares something with a group, or with nobody. */
export const ShareRequest = Type.Object({ project: Type.Union([GroupName, Type.Null()]) }, closed)
export type ShareRequest = Type.Static<typeof ShareRequest>

/** problem+json of RFC 9457 with the envelope as extension members. */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  instance: Type.Optional(Type.String()),
  code: Type.String(),
  message: Type.String(),
  hint: Type.String(),
  retryable: Type.Boolean(),
  request_id: Type.Optional(Type.String()),
})
export type Problem = Type.Static<typeof Problem>

/** The envelope inside job records and live messages. */
export const ErrorEnvelope = Type.Object({
  code: Type.String(),
  message: Type.String(),
  hint: Type.String(),
  retryable: Type.Boolean(),
})
