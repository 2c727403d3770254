import { Type } from 'typebox'
import { closed, GroupName, Id, Time, UserName } from './common.ts'

export const Scope = Type.Union([Type.Literal('read'), Type.Literal('write'), Type.Literal('admin')])

/** Who a token makes its holder, and what it lets them do. `token_id` is null for the server's own token and for sign-ins. */
export const Me = Type.Object({
  user: UserName,
  scopes: Type.Array(Scope),
  groups: Type.Array(GroupName),
  token_id: Type.Union([Id, Type.Null()]),
  expires_at: Type.Union([Time, Type.Null()]),
})
export type Me = Type.Static<typeof Me>

/** Groups that may use a model; an empty list lets everyone. */
export const ModelAccess = Type.Object({ groups: Type.Array(GroupName, { maxItems: 1000, uniqueItems: true }) }, closed)
export type ModelAccess = Type.Static<typeof ModelAccess>

/** One line of the audit log. `subject` is an id, never a file name. */
export const AuditEntry = Type.Object({
  entry_id: Id,
  time: Time,
  user: UserName,
  token_id: Type.Union([Id, Type.Null()]),
  action: Type.String(),
  subject: Type.Union([Type.String(), Type.Null()]),
  status: Type.Integer(),
  address: Type.String(),
})
export type AuditEntry = Type.Static<typeof AuditEntry>

export const AuditList = Type.Object({
  entries: Type.Array(AuditEntry),
  next_cursor: Type.Union([Type.String(), Type.Null()]),
})
export type AuditList = Type.Static<typeof AuditList>
