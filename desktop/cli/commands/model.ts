import type { Command } from '../command.ts'
import { runServerEntry } from '../server-process.ts'

/** `model check` and `model import`: read and tried by a program of the server, which knows networks. */
export const modelCommand: Command = {
  name: 'model',
  usage:
    'check DIR | import --onnx FILE --plans plans.json --dataset dataset.json --out DIR [--configuration 3d_fullres] [--fold N] [--mirror z,y,x] [--unit mm] [--output NAME] [--no-run] [--id ID] [--name NAME] [--version V] [--licence L] [--citation C] [--description D] [--json]',
  summary:
    'Checks a model package and tries its network on one tile, in a process of its own with limits; or makes a package of a network of nnU-Net v2.',
  run: async (args, io) => {
    process.exitCode = await runServerEntry('model-command.js', args, io.signal)
  },
}
