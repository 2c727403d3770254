import { stateOf } from './server-state.ts'
import { pause } from './user-work.ts'
import type { World } from './world.ts'

/** Growth of a server's memory since its start that is no leak: compiled code, buffers of uploads, the heap's slack. */
const MEMORY_SLACK_BYTES = 100 * 2 ** 20

/** After many large bodies at once the allocator keeps more. */
export const AFTER_FLOOD_BYTES = 2 * MEMORY_SLACK_BYTES

/** Open files that may stay for a moment after the last request. */
const FILE_SLACK = 8

/** Time for what was left open to be closed. */
const SETTLE_MS = 20_000

/** Once everyone has gone, the server of a stage holds about what it held when it was started. */
export async function checkState(world: World, stage: string, slackBytes = MEMORY_SLACK_BYTES): Promise<void> {
  const { before } = world
  if (!before) return
  for (let waitedMs = 0; ; waitedMs += 1000) {
    const now = await stateOf(world.server.child.pid ?? 0)
    if (!now) return world.tally.wrong(`after ${stage} the server is gone`)
    console.error(`${stage}: open files ${before.openFiles} → ${now.openFiles}, MiB ${mib(before)} → ${mib(now)}`)
    const hasFiles = now.openFiles > before.openFiles + FILE_SLACK
    if (!hasFiles && now.memoryBytes <= before.memoryBytes + slackBytes) return
    if (waitedMs >= SETTLE_MS) {
      const text = `${JSON.stringify(now)}, at its start ${JSON.stringify(before)}`
      return world.tally.wrong(`after ${stage} the server still holds ${text}`)
    }
    await pause(1000)
  }
}

function mib({ memoryBytes }: { memoryBytes: number }): number {
  return Math.round(memoryBytes / 2 ** 20)
}
