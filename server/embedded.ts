import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { DomainError, envelopeOf } from '../shared/errors/domain-error.ts'
import { createForkLauncher } from './adapters/fork-launcher.ts'
import { createNvidiaSmi } from './adapters/nvidia-smi.ts'
import { createUtilityLauncher, type ParentPort } from './adapters/utility-launcher.ts'
import { composeServer } from './compose.ts'
import { readConfig } from './config.ts'
import { autoDevices } from './devices/auto-devices.ts'
import { tryProvider } from './doctor/try-provider.ts'
import { loadModelPackage } from './models/load-package.ts'
import { BUNDLED_MODELS, packageVersion, WORKER_ENTRY } from './package-facts.ts'
import { logSettings } from './plugins/log-settings.ts'
import { HashInThread } from './uploads/hash-in-thread.ts'

/**
 * A private server for one program on this computer: random token and port, loopback only. Its parent is told
 * `{type: 'ready', url, token}` or `{type: 'failed', error}` and ends it with `{type: 'stop'}` or by going away.
 */
const parentPort = (process as unknown as { parentPort?: ParentPort }).parentPort ?? null

function tellParent(message: object): void {
  if (parentPort) parentPort.postMessage(message)
  else process.send?.(message)
}

function onParentMessage(listener: (message: { type: string }) => void): void {
  if (parentPort) parentPort.on('message', ({ data }) => listener(data as { type: string }))
  else process.on('message', (message) => listener(message as { type: string }))
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { data: { type: 'string' }, models: { type: 'string', multiple: true } } })
  if (!values.data)
    throw new DomainError('setting_invalid', { name: '--data', reason: 'an embedded server needs a folder' })
  // A utility process cannot start Node programs of its own, so `auto` is refused there by name.
  const auto = parentPort
    ? null
    : await autoDevices(process.env, createNvidiaSmi(), (cardEnv) => tryProvider('cuda', cardEnv))
  if (auto) console.error(auto.notice)
  const env = auto ? { ...process.env, CRYOMAMBA_DEVICES: auto.devices } : process.env
  // A database of the user's other work is not for this private server.
  const settings = readConfig(
    { ...env, DATABASE_URL: undefined },
    {
      dataFolder: values.data,
      modelFolders: [BUNDLED_MODELS, ...(values.models ?? [])],
    },
  )
  // A package that was named must be the one that runs: where it is refused, nothing else may take its place.
  for (const folder of values.models ?? [])
    if (existsSync(path.join(folder, 'model.json'))) await loadModelPackage(folder)
  const config = {
    ...settings,
    host: '127.0.0.1',
    port: 0,
    dataFolder: values.data,
    token: randomBytes(32).toString('hex'),
    isEmbedded: true,
  }
  const launcher = parentPort ? createUtilityLauncher(parentPort, WORKER_ENTRY) : createForkLauncher(WORKER_ENTRY)
  const server = await composeServer(config, launcher, packageVersion(), logSettings(config.logLevel, process.stderr), {
    hasher: new HashInThread(),
    cpuInstead: auto?.isFallback ? auto.notice : null,
  })
  const url = await server.listen()
  let isClosing = false
  const stop = () => {
    if (isClosing) return
    isClosing = true
    void server.close().finally(() => process.exit(0))
  }
  onParentMessage((message) => message.type === 'stop' && stop())
  process.once('disconnect', stop)
  process.once('SIGTERM', stop)
  process.once('SIGINT', () => undefined)
  tellParent({ type: 'ready', url, token: server.token })
}

main().catch((error) => {
  if (!(error instanceof DomainError)) console.error(error)
  tellParent({ type: 'failed', error: envelopeOf(error) })
  setTimeout(() => process.exit(2), 50)
})
