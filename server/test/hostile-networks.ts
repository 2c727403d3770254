import { attribute, ELEMENT, type GraphNode, graphBytes, onnxModel, tensor, valueInfo } from './onnx-graph.ts'

/** Two channels (10 − x, x − 10): what the threshold model of the tests promises. */
const HONEST: GraphNode[] = [
  { op: 'Sub', inputs: ['ten', 'input'], outputs: ['dark'] },
  { op: 'Sub', inputs: ['input', 'ten'], outputs: ['bright'] },
  { op: 'Concat', inputs: ['dark', 'bright'], outputs: ['logits'], attributes: [attribute.int('axis', 1)] },
]
const TEN = tensor('ten', [1], Float32Array.of(10))
const long = (...values: bigint[]) => BigInt64Array.from(values)

/** The threshold network as a real ONNX file. @param tilesPerRun a number where it takes no other */
export function honestNetwork(tilesPerRun: number | 'N' = 'N'): Uint8Array {
  const sizes = (channels: number) => [tilesPerRun, channels, 'D', 'H', 'W']
  const [inputs, outputs] = [[valueInfo('input', sizes(1))], [valueInfo('logits', sizes(2))]]
  return onnxModel({ nodes: HONEST, initializers: [TEN], inputs, outputs })
}

/** The honest network with another output. */
function withOutput(nodes: GraphNode[], initializers: Uint8Array[] = [], inputs?: Uint8Array[]): Uint8Array {
  const honest = HONEST.map((node) => ({
    ...node,
    outputs: node.outputs.map((name) => name.replace('logits', 'good')),
  }))
  return onnxModel({ nodes: [...honest, ...nodes], initializers: [TEN, ...initializers], inputs })
}

export function networkWithTwoInputs(): Uint8Array {
  const sizes = ['N', 1, 'D', 'H', 'W']
  const nodes = [{ op: 'Add', inputs: ['good', 'other'], outputs: ['logits'] }]
  return withOutput(nodes, [], [valueInfo('input', sizes), valueInfo('other', sizes)])
}

/** 0 / 0 where the input is 0, so that it is not finite on zeros. */
export function networkWithNan(): Uint8Array {
  const nodes = [
    { op: 'Div', inputs: ['input', 'input'], outputs: ['ratio'] },
    { op: 'Mul', inputs: ['good', 'ratio'], outputs: ['logits'] },
  ]
  return withOutput(nodes)
}

/** Finite on zeros, but not where the input is below zero. */
export function networkWithNanOnNoise(): Uint8Array {
  const nodes = [
    { op: 'Sqrt', inputs: ['input'], outputs: ['root'] },
    { op: 'Mul', inputs: ['good', 'root'], outputs: ['logits'] },
  ]
  return withOutput(nodes)
}

/** Half the height of the tile. */
export function networkOfAnotherShape(): Uint8Array {
  const nodes = [{ op: 'Slice', inputs: ['good', 'from', 'to', 'axes'], outputs: ['logits'] }]
  const numbers = { from: 0n, to: 4n, axes: 3n }
  return withOutput(
    nodes,
    Object.entries(numbers).map(([name, value]) => tensor(name, [1], long(value))),
  )
}

/** The last two axes exchanged: on a cube it has the right shape. */
export function networkOfExchangedAxes(): Uint8Array {
  const perm = attribute.ints('perm', [0, 1, 2, 4, 3])
  return withOutput([{ op: 'Transpose', inputs: ['good'], outputs: ['logits'], attributes: [perm] }])
}

/** A careless manifest: the network takes three channels, not one. */
export function networkOfThreeChannels(): Uint8Array {
  const nodes = [
    { op: 'ReduceMean', inputs: ['input'], outputs: ['mean'], attributes: [attribute.ints('axes', [1])] },
    { op: 'Concat', inputs: ['mean', 'mean'], outputs: ['logits'], attributes: [attribute.int('axis', 1)] },
  ]
  return onnxModel({ nodes, inputs: [valueInfo('input', ['N', 3, 'D', 'H', 'W'])] })
}

/** Other values each time, as a network has that was exported while it was trained. */
export function networkOfChance(): Uint8Array {
  const nodes = [
    { op: 'RandomNormalLike', inputs: ['good'], outputs: ['chance'] },
    { op: 'Add', inputs: ['good', 'chance'], outputs: ['logits'] },
  ]
  return withOutput(nodes)
}

/** As `networkWithoutEnd`, but only where the input is above a number that noise does not reach. */
export function networkWithoutEndOnOutliers(): Uint8Array {
  const nodes: GraphNode[] = [
    { op: 'ReduceMax', inputs: ['input'], outputs: ['largest'], attributes: [attribute.int('keepdims', 0)] },
    { op: 'Greater', inputs: ['largest', 'three'], outputs: ['yes'] },
  ]
  return networkWithoutEnd(nodes, tensor('three', [], Float32Array.of(3)))
}

/** A loop of 2^62 rounds. */
export function networkWithoutEnd(before: GraphNode[] = [], yes = tensor('yes', [], Uint8Array.of(1))): Uint8Array {
  const body = graphBytes({
    nodes: [
      { op: 'Identity', inputs: ['go_on'], outputs: ['goes_on'] },
      { op: 'Sin', inputs: ['value'], outputs: ['next'] },
    ],
    inputs: [valueInfo('round', [], ELEMENT.int64), valueInfo('go_on', [], ELEMENT.bool), valueInfo('value', [])],
    outputs: [valueInfo('goes_on', [], ELEMENT.bool), valueInfo('next', [])],
  })
  const nodes: GraphNode[] = [
    { op: 'ReduceMean', inputs: ['input'], outputs: ['mean'], attributes: [attribute.int('keepdims', 0)] },
    {
      op: 'Loop',
      inputs: ['rounds', 'yes', 'mean'],
      outputs: ['last'],
      attributes: [attribute.graph('body', body)],
    },
    { op: 'Add', inputs: ['good', 'last'], outputs: ['logits'] },
  ]
  return withOutput([...before, ...nodes], [tensor('rounds', [], long(2n ** 62n)), yes])
}

/** Grows one value of the input to `elements` float32 on the way. */
export function networkOfMemory(elements: bigint): Uint8Array {
  const nodes: GraphNode[] = [
    { op: 'ReduceMean', inputs: ['input'], outputs: ['mean'], attributes: [attribute.int('keepdims', 0)] },
    { op: 'Expand', inputs: ['mean', 'sizes'], outputs: ['huge'] },
    { op: 'Sin', inputs: ['huge'], outputs: ['used'] },
    { op: 'ReduceMean', inputs: ['used'], outputs: ['small'], attributes: [attribute.int('keepdims', 0)] },
    { op: 'Add', inputs: ['good', 'small'], outputs: ['logits'] },
  ]
  return withOutput(nodes, [tensor('sizes', [1], long(elements))])
}

/** A constant of `elements` float32 that the file holds in a few bytes; it is made when the network is loaded. */
export function networkOfConstants(elements: bigint): Uint8Array {
  const nodes: GraphNode[] = [
    { op: 'ConstantOfShape', inputs: ['sizes'], outputs: ['huge'] },
    { op: 'Sin', inputs: ['huge'], outputs: ['used'] },
    { op: 'ReduceMean', inputs: ['used'], outputs: ['small'], attributes: [attribute.int('keepdims', 0)] },
    { op: 'Add', inputs: ['good', 'small'], outputs: ['logits'] },
  ]
  return withOutput(nodes, [tensor('sizes', [1], long(elements))])
}
