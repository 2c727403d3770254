import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { honestNetwork, networkWithoutEnd } from '../test/hostile-networks.ts'
import {
  attribute,
  externalTensor,
  field,
  graphBytes,
  join,
  number,
  onnxModel,
  text,
  varint,
} from '../test/onnx-graph.ts'
import { checkOnnxFile } from './check-onnx-file.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-onnx-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function check(bytes: Uint8Array): Promise<void> {
  const file = path.join(folder, 'model.onnx')
  await writeFile(file, bytes)
  await checkOnnxFile(file, 'stranger')
}

const outside = externalTensor('w', '../../../etc/passwd')
const inNode = (one: Uint8Array) => ({ op: 'Constant', inputs: [], outputs: ['c'], attributes: [one] })
const inGraph = graphBytes({ nodes: [], initializers: [outside] })
const training = field(20, field(2, inGraph))
const nodeBytes = join([text(4, 'Constant'), field(5, attribute.tensor('value', outside))])
const asFunction = field(25, join([text(1, 'f'), field(7, nodeBytes)]))
// C++ keeps 32 bits of a tag: with bit 32 set this is still its field 14, and would be ours of another number.
const hiddenTag = join([varint(14 * 8 + 2 ** 32), varint(1)])

describe('a network with values outside its file', () => {
  it.each([
    ['as weights', onnxModel({ nodes: [], initializers: [outside] })],
    ['as weights of an absolute path', onnxModel({ nodes: [], initializers: [externalTensor('w', '/etc/passwd')] })],
    ['as weights beside it', onnxModel({ nodes: [], initializers: [externalTensor('w', 'weights.bin')] })],
    ['as sparse weights', onnxModel({ nodes: [], sparseInitializers: [field(1, outside)] })],
    ['as a constant', onnxModel({ nodes: [inNode(attribute.tensor('value', outside))] })],
    ['in a list of tensors', onnxModel({ nodes: [inNode(attribute.tensors('values', outside))] })],
    ['in the body of a loop', onnxModel({ nodes: [inNode(attribute.graph('body', inGraph))] })],
    ['in a graph for training', onnxModel({ nodes: [] }, [training])],
    ['in a function', onnxModel({ nodes: [] }, [asFunction])],
    ['in a second graph', join([honestNetwork(), field(7, inGraph)])],
    ['with a location that overflows', onnxModel({ nodes: [], initializers: [number(14, 2 ** 32 + 1)] })],
    ['without saying so', onnxModel({ nodes: [], initializers: [field(13, text(1, 'location'))] })],
  ])('%s is refused', async (_where, bytes) => {
    await expect(check(bytes)).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringContaining('other files'),
    })
  })

  it('in a field that only C++ would see is refused', async () => {
    const model = onnxModel({ nodes: [], initializers: [join([text(8, 'w'), hiddenTag])] })
    await expect(check(model)).rejects.toMatchObject({ code: 'model_invalid' })
  })
})

describe('an ONNX file', () => {
  it('with its values inside is accepted, loops and all', async () => {
    await check(honestNetwork())
    await check(networkWithoutEnd())
  })

  it('that is cut off anywhere, empty or something else is refused', async () => {
    const whole = honestNetwork()
    // Behind the graph the file is a whole message again, with fewer fields.
    const graphEnd = whole.length - field(8, number(2, 16)).length
    for (let length = 0; length < whole.length; length++) {
      const refused = check(whole.subarray(0, length)).then(
        () => null,
        (error) => error.code,
      )
      expect(await refused, `${length} bytes`).toBe(length === graphEnd ? null : 'model_invalid')
    }
    await expect(check(Buffer.from('not a network'))).rejects.toMatchObject({ code: 'model_invalid' })
  })

  it('of another ending is refused', async () => {
    const file = path.join(folder, 'model.ort')
    await writeFile(file, honestNetwork())
    await expect(checkOnnxFile(file, 'stranger')).rejects.toMatchObject({ message: expect.stringContaining('.onnx') })
  })

  it('compiled for one device is refused', async () => {
    await expect(check(onnxModel({ nodes: [{ op: 'EPContext', inputs: [], outputs: ['y'] }] }))).rejects.toMatchObject({
      message: expect.stringContaining('compiled for one device'),
    })
  })

  it('with graphs in graphs without end is refused', async () => {
    let graph = graphBytes({ nodes: [] })
    for (let depth = 0; depth < 40; depth++)
      graph = graphBytes({ nodes: [{ op: 'If', inputs: [], outputs: [], attributes: [attribute.graph('b', graph)] }] })
    await expect(check(join([field(7, graph)]))).rejects.toMatchObject({ code: 'model_invalid' })
  })
})
