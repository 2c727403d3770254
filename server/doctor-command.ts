import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { DomainError, envelopeOf } from '../shared/errors/domain-error.ts'
import { createNvidiaSmi } from './adapters/nvidia-smi.ts'
import { readConfig, type ServerConfig } from './config.ts'
import { autoDevices } from './devices/auto-devices.ts'
import type { DeviceSlot } from './devices/device-slots.ts'
import { checkCudaLibraries } from './doctor/check-cuda-libraries.ts'
import { judgeProvider } from './doctor/check-provider.ts'
import { checkServer } from './doctor/check-server.ts'
import { checkDataFolder, checkGpus, checkNode } from './doctor/check-system.ts'
import { type Finding, failed, formatFindings, ok } from './doctor/finding.ts'
import { systemSearch } from './doctor/missing-libraries.ts'
import { tryProvider } from './doctor/try-provider.ts'
import { BUNDLED_MODELS, PACKAGE_ROOT, packageVersion } from './package-facts.ts'

interface Options {
  data?: string
  server?: string
  token?: string
}

/** Every check, in the order of a set-up: program, CPU, cards, CUDA, devices that the settings name, folder, server. */
async function diagnose({ data, server, token }: Options): Promise<Finding[]> {
  const packaged = JSON.parse(readFileSync(path.join(PACKAGE_ROOT, 'package.json'), 'utf8'))
  const probe = createNvidiaSmi()
  const auto = await autoDevices(process.env, probe, (env) => tryProvider('cuda', env))
  const config = settings(data, auto?.devices)
  const slots = 'devices' in config ? config.devices : []
  const isCudaWanted = slots.some((slot) => slot.provider === 'cuda')
  const inventory = await probe()
  const cards = checkGpus(inventory, isCudaWanted)
  const hasGpu = inventory.state === 'found' && inventory.gpus.length > 0
  const cuda = await cudaFindings(isCudaWanted, hasGpu)
  const isCudaInstalled = cuda.length > 1 && cuda.every((finding) => finding.state === 'ok')
  return [
    checkNode(process.versions.node, packaged.engines.node),
    checkOnnxruntime(packaged.dependencies['onnxruntime-node']),
    ...(auto ? [ok('Settings', auto.notice)] : []),
    ...('devices' in config ? [] : [config]),
    ...cards,
    ...cuda,
    ...(await runFindings(slots, hasGpu && isCudaInstalled)),
    ...('devices' in config ? [await checkDataFolder(config.dataFolder)] : []),
    ...(server === undefined ? [] : [await checkServer(server, token ?? process.env.CRYOMAMBA_TOKEN ?? null)]),
  ]
}

/** The settings, or what is wrong with them. */
function settings(data: string | undefined, devices: string | undefined): ServerConfig | Finding {
  const env = {
    ...process.env,
    ...(data === undefined ? {} : { CRYOMAMBA_DATA: data }),
    ...(devices === undefined ? {} : { CRYOMAMBA_DEVICES: devices }),
  }
  const dataFolder = path.join(os.homedir(), '.cryomamba', 'server')
  try {
    return readConfig(env, { dataFolder, modelFolders: [BUNDLED_MODELS] })
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    return failed('Settings', error.message, error.hint)
  }
}

const require = createRequire(import.meta.url)

function onnxruntimeVersion(): string {
  return require('onnxruntime-node/package.json').version
}

/** Folder of the native library that this platform loads. */
function nativeFolder(): string {
  const root = path.dirname(require.resolve('onnxruntime-node/package.json'))
  return path.join(root, 'bin/napi-v6', process.platform, process.arch)
}

function checkOnnxruntime(wanted: string): Finding {
  const name = 'onnxruntime-node'
  try {
    const found = onnxruntimeVersion()
    if (found === wanted) return ok(name, `${found} for ${process.platform}-${process.arch}`)
    return failed(name, `${found}; ${wanted} is needed`, 'Run `npm ci` in the folder of the program.')
  } catch {
    return failed(name, 'not installed', 'Run `npm ci` in the folder of the program.')
  }
}

async function cudaFindings(isWanted: boolean, hasGpu: boolean): Promise<Finding[]> {
  const name = 'CUDA provider'
  if (`${process.platform}-${process.arch}` !== 'linux-x64') {
    const message = `onnxruntime-node has none for ${process.platform}-${process.arch}`
    return [isWanted ? failed(name, message, 'Take cuda out of CRYOMAMBA_DEVICES.') : ok(name, message)]
  }
  const find = await systemSearch(process.env)
  return checkCudaLibraries({
    folder: nativeFolder(),
    version: onnxruntimeVersion(),
    find,
    isWanted,
    hasGpu,
    pinned: pinnedFiles(),
  })
}

/** `CRYOMAMBA_CUDA_SHA256`: what the administrator checked once. */
function pinnedFiles(): string[] {
  const listed = (process.env.CRYOMAMBA_CUDA_SHA256 ?? '').split(',')
  return listed.map((one) => one.trim().toLowerCase()).filter((one) => one !== '')
}

/** Runs the bundled model on the CPU, on every device of the settings, and on CUDA where it is there but unused. */
async function runFindings(slots: readonly DeviceSlot[], isCudaUsable: boolean): Promise<Finding[]> {
  const findings: Finding[] = []
  const cpu: DeviceSlot = { deviceId: 'cpu', provider: 'cpu', env: {} }
  for (const slot of [cpu, ...slots.filter(({ provider }) => provider !== 'cpu')])
    findings.push(judgeProvider(slot, await tryProvider(slot.provider, slot.env), true))
  if (isCudaUsable && !slots.some(({ provider }) => provider === 'cuda')) {
    const unused: DeviceSlot = { deviceId: 'cuda:0', provider: 'cuda', env: {} }
    findings.push(judgeProvider(unused, await tryProvider('cuda', {}), false))
  }
  return findings
}

/** `cryomamba doctor [--data DIR] [--server URL --token T] [--json]`, started by the command line. */
async function main(): Promise<void> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({ options: { data: text, server: text, token: text, json: { type: 'boolean' } } })
  const findings = await diagnose(values)
  const isOk = findings.every((finding) => finding.state !== 'failed')
  if (values.json) console.log(JSON.stringify({ ok: isOk, version: packageVersion(), checks: findings }))
  else console.log(formatFindings(findings))
  process.exitCode = isOk ? 0 : 1
}

main().catch((error) => {
  if (!(error instanceof DomainError)) console.error(error)
  const envelope = envelopeOf(error)
  console.error(process.argv.includes('--json') ? JSON.stringify(envelope) : `${envelope.message}\n${envelope.hint}`)
  process.exitCode = 2
})
