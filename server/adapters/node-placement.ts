import { DomainError } from '../../shared/errors/domain-error.ts'

/** A step of a network as onnxruntime placed it. */
export interface PlacedNode {
  name: string
  /** ONNX operator, e.g. `Conv`; a fused one has a name of the provider's. */
  operator: string
}

/** The name of the CPU in a profile. */
const CPU = 'CPUExecutionProvider'
const NODE = /^(.*)_kernel_time$/

/** Names in a message; the rest is counted. */
const MOST_NAMES = 5

/**
 * Steps that ran on the CPU, each once, in order.
 * @param profile JSON that onnxruntime wrote with `enableProfiling`
 * @throws {SyntaxError} when it is no JSON
 */
export function nodesOnCpu(profile: string): PlacedNode[] {
  const events: { cat?: string; name?: string; args?: Record<string, unknown> }[] = JSON.parse(profile)
  const found = new Map<string, PlacedNode>()
  for (const { cat, name, args } of events) {
    const node = NODE.exec(name ?? '')?.[1]
    if (cat !== 'Node' || node === undefined || args?.provider !== CPU) continue
    found.set(node, { name: node, operator: String(args.op_name) })
  }
  return [...found.values()]
}

/**
 * Decides on a network of which some steps stay on the CPU although another provider was asked for.
 * Small ones cost little and are named in a warning; a convolution among them means that the device is not used.
 * @returns the warning, or null when nothing stays on the CPU
 * @throws {DomainError} `provider_unavailable` naming the convolutions
 */
export function judgePlacement(onCpu: readonly PlacedNode[], provider: string): string | null {
  const convolutions = onCpu.filter((node) => /Conv(Transpose|Integer)?$/.test(node.operator))
  if (convolutions.length > 0) {
    throw new DomainError('provider_unavailable', {
      provider,
      reason: `it leaves convolutions of the network to the CPU: ${listed(convolutions)}`,
      hint: 'Export the network in float32 with operators that the provider has, or choose the CPU.',
    })
  }
  if (onCpu.length === 0) return null
  return `Steps of the network run on the CPU instead of ${provider}: ${listed(onCpu)}.`
}

function listed(nodes: readonly PlacedNode[]): string {
  const names = nodes.slice(0, MOST_NAMES).map((node) => `${node.operator} ${node.name}`)
  const numMore = nodes.length - names.length
  return names.join(', ') + (numMore > 0 ? ` and ${numMore} more` : '')
}
