import type { Zyx } from '../../../shared/volume/zyx.ts'
import { type LabelMeshes, labelMeshes } from './label-meshes.ts'

/** What the worker is asked. */
export interface SurfaceOrder {
  turn: number
  slots: Uint8Array<ArrayBuffer>
  shapeZyx: Zyx
  mostTriangles: number
}
export type SurfaceReply = { turn: number } & LabelMeshes

/** Makes surfaces beside the window's thread. */
addEventListener('message', ({ data }: MessageEvent<SurfaceOrder>) => {
  const { turn, slots, shapeZyx, mostTriangles } = data
  const reply: SurfaceReply = { turn, ...labelMeshes(slots, shapeZyx, mostTriangles) }
  const transfer = reply.meshes.flatMap(({ points, normals, triangles }) => [
    points.buffer as ArrayBuffer,
    normals.buffer as ArrayBuffer,
    triangles.buffer as ArrayBuffer,
  ])
  postMessage(reply, { transfer })
})
