import { Type } from 'typebox'
import { closed, LengthUnit, ShapeZyx, Time } from './common.ts'
import { JobParams } from './jobs.ts'

const Ref = Type.String({ pattern: '^[a-z0-9-]{1,64}$' })
const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()])
const ModelId = Type.String({ minLength: 1, maxLength: 200 })

/** One thing that happened to a run, for people. */
export const RunLogLine = Type.Object({ time: Time, text: Type.String() }, closed)
export type RunLogLine = Type.Static<typeof RunLogLine>

/** Facts of a run that a list of runs and a table of results need. */
export const RunFacts = {
  created_at: Time,
  /** Null: this computer. */
  server_url: orNull(Type.String()),
  /** `elsewhere`: the job was made by another program. */
  source: Type.Union([Type.Literal('file'), Type.Literal('server_path'), Type.Literal('elsewhere')]),
  params: JobParams,
  /** Oldest first, the newest fifty. */
  log: Type.Array(RunLogLine),
  /** Of several files started together. */
  batch_ref: orNull(Ref),
  /** Name of the file that the mask was saved as without asking. */
  saved_as: orNull(Type.String()),
  /** The file that is open under the path of the run: it has changed since, or whether it has is not known. */
  volume_doubt: Type.Optional(Type.Union([Type.Literal('changed'), Type.Literal('unknown')])),
  /** Of the volume as the server reads it; null until it has it. */
  shape_zyx: orNull(ShapeZyx),
  voxel_size_zyx: orNull(Type.Tuple([Type.Number(), Type.Number(), Type.Number()])),
  unit: orNull(LengthUnit),
}

/** Where masks of a batch are saved. */
export const BatchSave = Type.Union([Type.Literal('none'), Type.Literal('beside'), Type.Literal('folder')])
export type BatchSave = Type.Static<typeof BatchSave>

/** What the window may ask of runs. */
export const RUN_INPUTS = {
  start: Type.Object(
    {
      /** The open volume; null only with `server_path`. */
      volume_ref: orNull(Ref),
      model_id: ModelId,
      params: Type.Optional(JobParams),
      /** The file as the server sees it: nothing is uploaded then. */
      server_path: Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })),
    },
    closed,
  ),
  estimate: Type.Object({ volume_ref: Ref, model_id: ModelId, params: Type.Optional(JobParams) }, closed),
  ofRun: Type.Object({ run_ref: Ref }, closed),
  batch: Type.Object({ model_id: ModelId, params: Type.Optional(JobParams), save: BatchSave }, closed),
  ofBatch: Type.Object({ batch_ref: Ref }, closed),
}
export type RunOrder = Type.Static<typeof RUN_INPUTS.start>
export type EstimateOrder = Type.Static<typeof RUN_INPUTS.estimate>
export type BatchOrder = Type.Static<typeof RUN_INPUTS.batch>
