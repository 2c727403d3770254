import { Type } from 'typebox'
import { ErrorEnvelope, Id, ShapeZyx, Time } from './common.ts'
import { Job, JobProgress, JobState } from './jobs.ts'

export const PreviewStage = Type.Union([
  Type.Literal('draft'),
  Type.Literal('final_planes'),
  Type.Literal('postprocessed'),
])

/**
 * What the binary frame after it holds: gzip of the preview voxels, z, y, x order, x fastest, little-endian.
 * The largest value of `dtype` means "not computed yet". See DESIGN §4 for the rule `bold_quarter`.
 */
export const PreviewHeader = Type.Object({
  stage: PreviewStage,
  factor: Type.Integer(),
  shape_zyx: ShapeZyx,
  source_shape_zyx: ShapeZyx,
  dtype: Type.Union([Type.Literal('uint8'), Type.Literal('uint16')]),
  encoding: Type.Literal('gzip'),
  labels: Type.Array(Type.Object({ value: Type.Integer(), name: Type.String(), color: Type.String() })),
  /** Share of preview voxels that are computed, 0 to 1. */
  coverage: Type.Number(),
  rule: Type.Literal('bold_quarter'),
  payload: Type.Optional(Type.String()),
})
export type PreviewHeader = Type.Static<typeof PreviewHeader>

const frame = <T extends string, D extends Parameters<typeof Type.Object>[0][string]>(type: T, data: D) =>
  Type.Object({ type: Type.Literal(type), seq: Type.Integer(), job_id: Id, time: Time, data })

/** Text frames of `WS /ws/jobs/{id}`. `seq` rises by at least one within a job, across attempts and restarts. */
export const LiveFrame = Type.Union([
  frame('state', Type.Object({ state: JobState, attempt: Type.Integer() })),
  frame('progress', JobProgress),
  frame('preview', PreviewHeader),
  frame('completed', Type.Object({ job: Job })),
  frame('error', ErrorEnvelope),
  frame('ping', Type.Object({})),
])
export type LiveFrame = Type.Static<typeof LiveFrame>

/** Stands in for the token in the address of one WebSocket: once, until `expires_at`, for the job that it was made for. */
export const LiveTicket = Type.Object({ ticket: Type.String(), expires_at: Time })
export type LiveTicket = Type.Static<typeof LiveTicket>
