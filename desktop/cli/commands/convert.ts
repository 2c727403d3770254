import { DomainError } from '../../../shared/errors/domain-error.ts'
import type { Command } from '../command.ts'

export const convertCommand: Command = {
  name: 'convert',
  usage: 'IN OUT [--dtype T] [--mode0 signed|unsigned]',
  summary: 'Converts a volume; the ending of OUT chooses the format.',
  run: async () => {
    throw new DomainError('internal')
  },
}
