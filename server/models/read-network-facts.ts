import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { openFileSource } from '../../shared/node/file-source.ts'
import type { ByteSource } from '../../shared/volume/header.ts'
import { type NetworkFacts, NO_FACTS } from '../inference/network-facts.ts'
import { liveValues } from './live-values.ts'
import { readOnnxGraph } from './onnx-graph.ts'
import { readOnnxInterface } from './onnx-interface.ts'

/** Reads what planning wants to know of a network. What the file does not tell is unknown, and no reason to refuse it. */
export async function readNetworkFacts(file: string, manifest: ModelManifest): Promise<NetworkFacts> {
  const source = await openFileSource(file)
  try {
    return { tilesPerRun: await tilesPerRun(source, manifest), ...(await live(source, manifest)) }
  } catch (error) {
    if (error instanceof DomainError) return NO_FACTS
    throw error
  } finally {
    await source.close()
  }
}

async function tilesPerRun(source: ByteSource, { id, input }: ModelManifest): Promise<number | null> {
  const { inputs } = await readOnnxInterface(source, id)
  return inputs.find(({ name }) => name === input.name)?.shape?.[0] ?? null
}

async function live(source: ByteSource, { input }: ModelManifest): Promise<Omit<NetworkFacts, 'tilesPerRun'>> {
  try {
    const graph = await readOnnxGraph(source)
    const bytesPerValue = graph.isHalf || input.dtype === 'float16' ? 2 : 4
    return { liveValues: liveValues(graph, input.name, input.channels), bytesPerValue }
  } catch (error) {
    if (error instanceof RangeError) return { liveValues: null, bytesPerValue: NO_FACTS.bytesPerValue }
    throw error
  }
}
