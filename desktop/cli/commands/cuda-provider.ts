import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import { readArguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { packageFolder } from '../package-version.ts'

/** Run by path, for `npm run cuda-provider` and the image use it as it is. */
const SCRIPT = 'build/scripts/cuda-provider.mjs'

/** `cuda-provider`: onnxruntime's files for CUDA, which npm does not bring. */
export const cudaProviderCommand: Command = {
  name: 'cuda-provider',
  usage: '[ARCHIVE.tgz]',
  summary: "Puts onnxruntime's files for CUDA beside it, from Microsoft's archive: downloaded, or the one named.",
  run: async (args, io) => {
    const { positionals } = readArguments(args, {})
    if (positionals.length > 1) throw new DomainError('usage', { reason: 'cuda-provider takes one archive.' })
    const child = spawn(process.execPath, [path.join(packageFolder(), SCRIPT), ...positionals], { stdio: 'inherit' })
    io.signal.addEventListener('abort', () => void child.kill('SIGTERM'), { once: true })
    const [code] = await once(child, 'exit')
    process.exitCode = code ?? 1
  },
}
