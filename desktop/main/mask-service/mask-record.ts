import { type Static, Type } from 'typebox'
import { Mode0 } from '../../../shared/contract/bridge.ts'
import { ShapeZyx } from '../../../shared/contract/common.ts'
import { defaultColor } from '../../../shared/mask/label-colors.ts'
import type { Zyx } from '../../../shared/volume/zyx.ts'
import { identityOf } from '../file-identity.ts'
import type { MaskBeginning, MaskVolume } from '../mask-service-messages.ts'
import { writtenLabels } from './written-labels.ts'

// Longer lists are of no use to anyone; labels beyond are shown all the same.
const MOST_LISTED = 1000

const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()])

/** What is kept of a mask beside its voxels. Times are ISO 8601. */
export const MaskRecord = Type.Object({
  schema_version: Type.Literal(1),
  volume: Type.Object({
    name: Type.String(),
    file: Type.String(),
    size_bytes: Type.Number(),
    modified_ms: Type.Number(),
    /** As `FileIdentity` has it; absent in records of earlier versions. */
    samples_sha256: Type.Optional(Type.String()),
    mode0: orNull(Mode0),
    shape_zyx: ShapeZyx,
  }),
  origin: Type.Object({
    kind: Type.Union([Type.Literal('run'), Type.Literal('file'), Type.Literal('empty')]),
    name: Type.String(),
    /** The run whose mask it was. */
    run_ref: Type.Optional(Type.String()),
    /** Of the labels as uint16, little-endian, z, y, x order. */
    labels_sha256: Type.String(),
  }),
  labels: Type.Array(
    Type.Object({ value: Type.Integer(), name: Type.String(), color: Type.String(), is_locked: Type.Boolean() }),
  ),
  began_at: Type.String(),
  changed_at: Type.String(),
  num_operations: Type.Integer(),
  /** Operations that the last export held; null before the first. */
  num_exported: orNull(Type.Integer()),
  /** How often each kind of operation was carried out. */
  operations: Type.Record(Type.String(), Type.Integer()),
})
export type MaskRecord = Static<typeof MaskRecord>

/**
 * The record of a mask that begins now.
 * @param labels what it begins with: how often each occurs, and the hash of all
 * @throws {DomainError} what `identityOf` throws
 */
export async function newRecord(
  volume: MaskVolume,
  shapeZyx: Zyx,
  from: MaskBeginning,
  labels: { counts: ReadonlyMap<number, number>; sha256: string },
): Promise<MaskRecord> {
  const now = new Date().toISOString()
  return {
    schema_version: 1,
    volume: await volumeFacts(volume, shapeZyx),
    origin: {
      kind: from.kind,
      name: from.kind === 'empty' ? '' : from.name,
      ...(from.kind === 'run' ? { run_ref: from.run_ref } : {}),
      labels_sha256: labels.sha256,
    },
    labels: await firstLabels(from, labels.counts, labels.sha256),
    ...{ began_at: now, changed_at: now, num_operations: 0, num_exported: null, operations: {} },
  }
}

/** What is noted of a volume, as it is now. @throws {DomainError} what `identityOf` throws */
export async function volumeFacts(
  { name, file, mode0 }: Omit<MaskVolume, 'volume_ref'>,
  shapeZyx: Zyx,
): Promise<MaskRecord['volume']> {
  return { name, file, ...(await identityOf(file)), mode0, shape_zyx: [...shapeZyx] }
}

/** Names that are known, in their order; then every other label that occurs. An empty mask has one to draw with. */
async function firstLabels(
  from: MaskBeginning,
  counts: ReadonlyMap<number, number>,
  labelsSha256: string,
): Promise<MaskRecord['labels']> {
  const isUnknown = from.kind === 'file' && from.labels.length === 0
  const known = isUnknown ? await writtenLabels(from.file, labelsSha256) : from.labels
  const listed = new Set(known.map((one) => one.value))
  const others = [...counts.keys()].filter((value) => value !== 0 && !listed.has(value)).sort((a, b) => a - b)
  const labels = [...known.map((one) => ({ ...one, is_locked: false })), ...others.map(plainLabel)]
  return labels.length > 0 ? labels.slice(0, MOST_LISTED) : [plainLabel(1)]
}

/** A label that nothing is known of. */
export function plainLabel(value: number) {
  return { value, name: `Label ${value}`, color: defaultColor(value), is_locked: false }
}
