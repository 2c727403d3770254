import type { OnnxGraph, OnnxNode } from './onnx-graph.ts'

/** How large the output of a step is. */
interface Size {
  channels: number
  /** Voxels per voxel of the tile. */
  voxels: number
}

/** Steps whose output is as large as their largest input. */
const SAME_SIZE = new Set(
  (
    'Abs Add BatchNormalization Cast Ceil Clip Div Dropout Elu Erf Exp Floor Gelu GroupNormalization HardSigmoid HardSwish ' +
    'Identity InstanceNormalization LayerNormalization LeakyRelu Log LogSoftmax Max Min Mish Mul Neg PRelu Pad Pow ' +
    'Reciprocal Relu Reshape Selu Sigmoid Sin Softmax Softplus Softsign Sqrt Squeeze Sub Sum Swish Tanh Transpose Unsqueeze'
  ).split(' '),
)

/** Of these, those that may write where their input was, or become part of the step before. */
const ITS_OWN_PLACE = new Set(
  'Abs Add BatchNormalization Clip Div Dropout Elu Identity LeakyRelu Mul Neg PRelu Relu Reshape Sigmoid Squeeze Sub Tanh Unsqueeze'.split(
    ' ',
  ),
)

/** Steps that give a few numbers, whatever the tile is. */
const SMALL = new Set('Constant GlobalAveragePool GlobalMaxPool Shape Size'.split(' '))

const POOLS = new Set(['AveragePool', 'LpPool', 'MaxPool'])

/**
 * Values that a network holds at once for every voxel of its tiles, at the least: outputs of steps that a later one still
 * takes, with no room for the work inside a step. Convolutions are taken as padded.
 * @returns null where a step is not known here
 */
export function liveValues({ nodes, weights }: OnnxGraph, input: string, channels: number): number | null {
  const sizes = new Map<string, Size>([[input, { channels, voxels: 1 }]])
  const lastUse = new Map<string, number>()
  for (const [i, node] of nodes.entries()) for (const name of node.inputs) lastUse.set(name, i)
  let live = 0
  let most = 0
  for (const [i, node] of nodes.entries()) {
    const inputs = [...new Set(node.inputs)].filter((name) => sizes.has(name))
    const size = outputSize(node, sizes, weights)
    if (size === null) return null
    if (size.voxels === 0) continue
    const ending = inputs.filter((name) => lastUse.get(name) === i && name !== input)
    const freed = ending.reduce((sum, name) => sum + valuesOf(sizes.get(name)), 0)
    const takesPlace = ITS_OWN_PLACE.has(node.op) && ending.some((name) => valuesOf(sizes.get(name)) === valuesOf(size))
    most = Math.max(most, live + (takesPlace ? 0 : valuesOf(size)))
    live += valuesOf(size) - freed
    sizes.set(node.outputs[0], size)
  }
  return Number.isSafeInteger(Math.ceil(most)) && most > 0 ? most : null
}

function valuesOf(size: Size | undefined): number {
  return size ? size.channels * size.voxels : 0
}

const NOTHING: Size = { channels: 0, voxels: 0 }

/** Nothing for what does not depend on the tile; null where it is not known. */
function outputSize(node: OnnxNode, sizes: ReadonlyMap<string, Size>, weights: OnnxGraph['weights']): Size | null {
  const known = node.inputs.flatMap((name) => sizes.get(name) ?? [])
  if (known.length === 0 || SMALL.has(node.op)) return NOTHING
  const [first] = known
  const strides = (node.integers.get('strides') ?? []).reduce((product, stride) => product * stride, 1)
  const kernel = weights.get(node.inputs[1]) ?? []
  const [groups = 1] = node.integers.get('group') ?? []
  if (node.op === 'Conv' && kernel.length > 2) return { channels: kernel[0], voxels: first.voxels / strides }
  if (node.op === 'ConvTranspose' && kernel.length > 2)
    return { channels: kernel[1] * groups, voxels: first.voxels * strides }
  if (POOLS.has(node.op)) return { channels: first.channels, voxels: first.voxels / strides }
  if (node.op === 'Concat' && node.integers.get('axis')?.[0] === 1)
    return { channels: known.reduce((sum, size) => sum + size.channels, 0), voxels: first.voxels }
  if (!SAME_SIZE.has(node.op)) return null
  return known.reduce((best, size) => (valuesOf(size) > valuesOf(best) ? size : best))
}
