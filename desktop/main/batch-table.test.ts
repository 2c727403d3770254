import { describe, expect, it } from 'vitest'
import type { RunView } from '../../shared/contract/bridge.ts'
import { batchTable } from './batch-table.ts'

const label = (name: string, voxels: number | null) => ({ value: 1, name, color: '#ffffff', voxels })
const run = (change: Partial<RunView>) =>
  ({
    ...{ volume_name: 'a.mrc', phase: 'completed', model_name: 'Demo', server_name: 'here' },
    ...{ labels: [label('membrane', 10)], unit: 'angstrom', voxel_size_zyx: [10, 2, 0.1] },
    ...{ result: { seconds: 3 }, saved_as: 'a_mask.mrc', problem: null },
    ...change,
  }) as RunView

const lines = (...runs: RunView[]) => batchTable(runs).split('\r\n')

describe('the table of a batch', () => {
  it('has voxels and physical volume of every label, with the unit', () => {
    expect(lines(run({}))).toEqual([
      'file,state,model,server,unit,membrane voxels,membrane volume,seconds,mask,problem',
      'a.mrc,completed,Demo,here,nm,10,0.02,3,a_mask.mrc,',
      '',
    ])
  })

  it('leaves empty what is not known, and says why a file has no mask', () => {
    const problem = { code: 'x', message: 'No, "really"', hint: '', retryable: false }
    const failed = run({ phase: 'failed', labels: [label('membrane', null)], unit: null, result: null, problem })
    expect(lines({ ...failed, saved_as: null })[1]).toBe('a.mrc,failed,Demo,here,,,,,,"No, ""really"""')
    expect(lines(run({ unit: null }))[1]).toBe('a.mrc,completed,Demo,here,,10,,3,a_mask.mrc,')
  })

  it('does not let a file name become a formula', () => {
    expect(lines(run({ volume_name: '=cmd()' }))[1]).toMatch(/^'=cmd\(\),/)
  })
})
