import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ByteSource } from '../../shared/volume/header.ts'
import { onnxFile } from '../test/onnx-file.ts'
import { readOnnxInterface } from './onnx-interface.ts'

const DEMO = path.resolve(import.meta.dirname, '../../resources/models/demo-cryoet-unet/model.onnx')

function inMemory(bytes: Uint8Array): ByteSource {
  return {
    name: 'network.onnx',
    sizeBytes: bytes.length,
    read: async (offset, length) => bytes.slice(offset, offset + length),
    close: async () => undefined,
  }
}

describe('an ONNX file', () => {
  it('tells its opset, input and output', async () => {
    const bytes = await readFile(DEMO)
    expect(await readOnnxInterface(inMemory(bytes), 'demo')).toEqual({
      opset: 16,
      inputs: [{ name: 'input', dtype: 'float32', shape: [null, 1, null, null, null] }],
      outputs: [{ name: 'logits', dtype: 'float32', shape: [null, 4, null, null, null] }],
    })
  })

  it('may have weights among its inputs, other operators, fixed sizes and half precision', async () => {
    const bytes = onnxFile({
      opset: 17,
      inputs: [
        { name: 'x', elemType: 10, shape: [1, 2, 16, 32, 32] },
        { name: 'weight', elemType: 1, shape: [4] },
      ],
      outputs: [{ name: 'y', elemType: 1, shape: ['N', -1, 'D', 'H', 'W'] }],
      initializers: [{ name: 'weight' }],
    })
    expect(await readOnnxInterface(inMemory(bytes), 'a')).toEqual({
      opset: 17,
      inputs: [{ name: 'x', dtype: 'float16', shape: [1, 2, 16, 32, 32] }],
      outputs: [{ name: 'y', dtype: 'float32', shape: [null, null, null, null, null] }],
    })
  })

  it('with weights in another file is refused by name', async () => {
    const bytes = onnxFile({ initializers: [{ name: 'weight', isExternal: true }] })
    await expect(readOnnxInterface(inMemory(bytes), 'a')).rejects.toMatchObject({ code: 'model_feature_unsupported' })
  })

  it('is told from other files, from half of one and from an empty one', async () => {
    const demo = await readFile(DEMO)
    const others = [new Uint8Array(0), Buffer.from('no network at all'), new Uint8Array(3000).fill(0xff)]
    for (const bytes of [...others, demo.subarray(0, demo.length / 2), demo.subarray(7)])
      await expect(readOnnxInterface(inMemory(bytes), 'a')).rejects.toMatchObject({
        code: 'model_invalid',
        message: expect.stringContaining('network.onnx is not an ONNX file'),
      })
  })

  it('with any byte changed is read or refused, nothing else', async () => {
    const bytes = onnxFile({})
    for (let at = 0; at < bytes.length; at++)
      for (const value of [0, 0x7f, 0x80, 0xff]) {
        const changed = bytes.slice()
        changed[at] = value
        const outcome = await readOnnxInterface(inMemory(changed), 'a').catch((error) => error)
        expect(outcome.inputs ?? ['model_invalid', 'model_feature_unsupported'].includes(outcome.code)).toBeTruthy()
      }
  })
})
