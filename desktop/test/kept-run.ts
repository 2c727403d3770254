import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { identityOf } from '../main/file-identity.ts'
import { withLog } from '../main/run-log.ts'
import { startedRun } from '../main/run-state.ts'

/** A finished run that an earlier start of the program is to have kept. */
export interface KeptRun {
  runRef: string
  /** The volume, as it is now. */
  file: string
  /** Its mask, an MRC file. */
  mask: string
  /** What it kept beside the mask: `probability.mrc`, `candidate.mrc`. */
  beside?: readonly string[]
  /** As a version kept it that noted nothing of the file. */
  isOld?: boolean
}

/** Puts finished runs, newest first, into the folder of a program that is not running. */
export async function keepRuns(folder: string, runs: readonly KeptRun[]): Promise<void> {
  const user = path.join(folder, 'user')
  const stored = await Promise.all(
    runs.map(async ({ runRef, file, mask, beside = [], isOld }) => {
      const maskFile = path.join(user, 'results', runRef, 'mask.mrc')
      mkdirSync(path.dirname(maskFile), { recursive: true })
      copyFileSync(mask, maskFile)
      for (const one of beside) copyFileSync(one, path.join(path.dirname(maskFile), path.basename(one)))
      return {
        view: finishedView(runRef, path.basename(file)),
        ...{ target: { kind: 'local' }, file, mode0: null, server_path: null, save_to: null, job_id: `job-${runRef}` },
        mask_file: maskFile,
        ...(isOld ? {} : { identity: await identityOf(file) }),
      }
    }),
  )
  writeFileSync(path.join(user, 'runs.json'), JSON.stringify(stored))
}

function finishedView(runRef: string, volumeName: string) {
  const createdAt = '2026-01-01T00:00:00Z'
  const labels = [{ value: 1, name: 'membrane', color: '#00c878' }]
  const begun = startedRun({
    ...{ runRef, volumeRef: 'earlier', volumeName, model: { id: 'demo', name: 'Demo', labels } },
    ...{ serverName: 'this computer', serverUrl: null, source: 'file', params: {}, batchRef: null, createdAt },
  })
  return { ...withLog(null, begun, createdAt), phase: 'completed' }
}
