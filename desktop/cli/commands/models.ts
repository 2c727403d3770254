import { readArguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { SERVER_OPTIONS, withServer } from '../server-choice.ts'

/** `models`: what a server, or this computer, can segment with. */
export const modelsCommand: Command = {
  name: 'models',
  usage: '[--server URL --token T] [--json]',
  summary: 'Lists the models of a server, or those bundled with this program.',
  run: async (args, io) => {
    const { values } = readArguments(args, { ...SERVER_OPTIONS, json: { type: 'boolean' } })
    const models = await withServer(values, (client) => client.models(io.signal))
    if (values.json) {
      io.out(JSON.stringify({ models }))
      return
    }
    for (const model of models) {
      io.out(`${model.id}  ${model.version}  ${model.name}`)
      io.out(`    ${model.description}`)
      io.out(`    labels: ${model.labels.map(({ value, name }) => `${value} ${name}`).join(', ')}`)
    }
  },
}
