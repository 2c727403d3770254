import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { expect, it } from 'vitest'
import { hasCompiledServer } from '../real-server.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const PROGRAM = path.join(ROOT, 'dist/server/test/faults/main.js')

/** The short form of `npm run test:faults`: the same seed every time, so that a failure can be repeated. */
it.runIf(hasCompiledServer && process.platform === 'linux')(
  'nothing is lost, mixed up or open under faults',
  () => {
    const run = spawnSync(process.execPath, [PROGRAM, '--seed', '1'], { cwd: ROOT, encoding: 'utf8' })
    const figures = JSON.parse(run.stdout.trim().split('\n').at(-1) ?? '{}')
    for (const stage of figures.skipped ?? []) console.log(`faults: left out, ${stage}`)
    expect(figures.wrongs, run.stderr).toEqual([])
    expect(figures.lost).toBe(0)
    expect(run.status).toBe(0)
  },
  600_000,
)
