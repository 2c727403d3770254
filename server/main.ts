import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { DomainError, envelopeOf } from '../shared/errors/domain-error.ts'
import { createForkLauncher } from './adapters/fork-launcher.ts'
import { createNvidiaSmi } from './adapters/nvidia-smi.ts'
import { composeServer } from './compose.ts'
import { readConfig } from './config.ts'
import { autoDevices } from './devices/auto-devices.ts'
import { tryProvider } from './doctor/try-provider.ts'
import { BUNDLED_MODELS, PAGE_FOLDERS, packageVersion, WORKER_ENTRY } from './package-facts.ts'
import { logSettings } from './plugins/log-settings.ts'
import { unknownSettings } from './unknown-settings.ts'
import { HashInThread } from './uploads/hash-in-thread.ts'

/** `cryomamba serve`: a server for a lab, settings from the environment, `--port` and `--data` over them. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { port: { type: 'string' }, data: { type: 'string' }, json: { type: 'boolean', default: false } },
  })
  const auto = await autoDevices(process.env, createNvidiaSmi(), (cardEnv) => tryProvider('cuda', cardEnv))
  if (auto) console.error(auto.notice)
  const env = {
    ...process.env,
    ...(auto ? { CRYOMAMBA_DEVICES: auto.devices } : {}),
    ...(values.port === undefined ? {} : { CRYOMAMBA_PORT: values.port }),
    ...(values.data === undefined ? {} : { CRYOMAMBA_DATA: values.data }),
  }
  const config = readConfig(env, {
    dataFolder: path.join(os.homedir(), '.cryomamba', 'server'),
    modelFolders: [BUNDLED_MODELS],
  })
  const logger = logSettings(config.logLevel, process.stderr)
  const server = await composeServer(config, createForkLauncher(WORKER_ENTRY), packageVersion(), logger, {
    pageFolders: PAGE_FOLDERS,
    hasher: new HashInThread(),
    cpuInstead: auto?.isFallback ? auto.notice : null,
  })
  for (const setting of unknownSettings(process.env)) server.app.log.warn({ setting }, 'unknown setting ignored')
  const url = await server.listen()
  if (values.json) console.log(JSON.stringify({ url, token: server.token }))
  else
    console.log(
      `CryoMamba server at ${url}\nToken: ${server.token ?? 'only those of users'}\nData: ${config.dataFolder}`,
    )
  let isClosing = false
  const stop = () => {
    if (isClosing) return
    isClosing = true
    void server.close(config.stopSeconds * 1000).then(() => process.exit(0))
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
}

main().catch((error) => {
  const envelope = envelopeOf(error)
  if (!(error instanceof DomainError)) console.error(error)
  if (process.argv.includes('--json')) console.error(JSON.stringify(envelope))
  else console.error(`${envelope.message}\n${envelope.hint}`)
  process.exit(2)
})
