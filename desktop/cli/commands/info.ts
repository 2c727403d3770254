import { DomainError } from '../../../shared/errors/domain-error.ts'
import type { Command } from '../command.ts'

export const infoCommand: Command = {
  name: 'info',
  usage: 'FILE [--json] [--mode0 signed|unsigned]',
  summary: 'Shows the header, statistics and voxel hash of a volume.',
  run: async () => {
    throw new DomainError('internal')
  },
}
