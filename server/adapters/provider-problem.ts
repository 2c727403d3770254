import { DomainError } from '../../shared/errors/domain-error.ts'

/** Why a provider cannot be used, and what to do about it. */
export interface ProviderReason {
  reason: string
  hint: string
}

/** Said where onnxruntime tells its reason on the native stderr only; whoever holds that puts the reason in its place. */
export const UNSAID = { libraries: 'its libraries cannot be loaded', adapter: 'no graphics adapter was found' } as const

const HINTS = {
  copy: "Copy onnxruntime's provider libraries of the same version there (docs/gpu.md), or choose the CPU.",
  install: 'Install it where ldconfig or LD_LIBRARY_PATH finds it, and check with `cryomamba doctor`.',
  driver: 'Check the driver with `nvidia-smi` and `cryomamba doctor`, or choose the CPU.',
  doctor: 'Run `cryomamba doctor` on the computer that runs the job, or choose the CPU.',
  adapter: 'Install a driver for the graphics card (Vulkan on Linux), or choose the CPU.',
  platform: 'Choose the CPU, or a provider that `cryomamba doctor` lists.',
} as const

/** Library, and what the system's loader said about it. */
const NOT_LOADED = /Failed to load (?:shared )?library (\S+?)(?: with error: ([^\n]*))?(?:\n|$)/
const NOT_FOUND = /^(\S+): cannot open shared object file/
const NO_ADAPTER = /Failed to get a WebGPU adapter/
const VULKAN_NOT_LOADED = /Couldn't load Vulkan: (\S+): cannot open/
const DEVICE_FAILURE = /(?:CUDA|CUDNN|CUBLAS) failure \d+: ([^;\n]+)/
const NO_BACKEND = /\[(\w+)\] backend not found/
const NOT_MADE = /SessionOptionsAppend\w*/

/** The reason in the error of onnxruntime's JavaScript; null for text that is about something else. */
export function reasonFromError(text: string): ProviderReason | null {
  const failure = DEVICE_FAILURE.exec(text)
  if (failure) return { reason: `the driver says "${failure[1].trim()}"`, hint: HINTS.driver }
  if (NO_ADAPTER.test(text)) return { reason: UNSAID.adapter, hint: HINTS.adapter }
  if (NO_BACKEND.test(text)) {
    return { reason: `onnxruntime has none for ${process.platform}-${process.arch}`, hint: HINTS.platform }
  }
  if (NOT_MADE.test(text) || NOT_LOADED.test(text)) return { reason: UNSAID.libraries, hint: HINTS.doctor }
  return null
}

/** The reason that onnxruntime or a graphics library wrote to stderr; null where there is none. */
export function reasonFromStderr(text: string): ProviderReason | null {
  const vulkan = VULKAN_NOT_LOADED.exec(text)
  const [, library, loader] = NOT_LOADED.exec(text) ?? []
  if (!library) return vulkan ? { reason: `${vulkan[1]} is not found`, hint: HINTS.adapter } : null
  if (!loader) return { reason: `${fileName(library)} cannot be loaded`, hint: HINTS.doctor }
  const missing = NOT_FOUND.exec(loader)?.[1]
  if (!missing)
    return { reason: `${fileName(library)} cannot be loaded: ${withoutFolders(loader)}`, hint: HINTS.doctor }
  if (fileName(missing) === fileName(library)) {
    return { reason: `${fileName(library)} is not beside libonnxruntime.so.1`, hint: HINTS.copy }
  }
  return { reason: `${fileName(missing)} is not found, which ${fileName(library)} needs`, hint: HINTS.install }
}

/** A `provider_unavailable` error with the reason of the process's stderr in place of what its error could not say. */
export function withStderrReason<T extends { code: string; message: string; hint: string }>(
  error: T,
  stderr: string,
): T {
  const unsaid = Object.values(UNSAID).find((words) => error.message.includes(words))
  const found = error.code === 'provider_unavailable' && unsaid ? reasonFromStderr(stderr) : null
  return found && unsaid ? { ...error, message: error.message.replace(unsaid, found.reason), hint: found.hint } : error
}

/** @returns `provider_unavailable` for an error that is about the provider, else null */
export function providerProblem(provider: string, cause: unknown): DomainError | null {
  const found = provider === 'cpu' ? null : reasonFromError(String((cause as Error).message))
  return found && new DomainError('provider_unavailable', { provider, ...found, cause })
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** Folders of the server are nobody's business but its administrator's, who has the log. */
function withoutFolders(text: string): string {
  return text.replaceAll(/\/[^\s:]*\//g, '').trim()
}
