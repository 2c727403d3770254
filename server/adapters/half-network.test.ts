import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pointwiseNetwork } from '../bench/onnx-file.ts'
import { thresholdManifest } from '../test/threshold-model.ts'
import { createOnnxSession } from './onnx-session.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-onnx-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A network of two channels, x and 8 − 2 x, whose input and output have this type. */
async function openNetwork(stored: 'float32' | 'float16', announced = stored) {
  const modelPath = path.join(folder, `${stored}.onnx`)
  await writeFile(modelPath, pointwiseNetwork([1, -2], [0, 8], stored))
  const base = thresholdManifest()
  const manifest = {
    ...base,
    input: { ...base.input, dtype: announced },
    output: { ...base.output, dtype: announced },
  }
  return createOnnxSession({ modelPath, manifest, provider: 'cpu', threads: 1 })
}

describe('a network in onnxruntime', () => {
  const input = Float32Array.of(0.5, -3, 1024, 0.25, 7, -0.125, 2, 1)
  const expected = [...input, ...Array.from(input, (value) => 8 - 2 * value)]

  it.each(['float32', 'float16'] as const)('takes and gives float32 whatever its own type: %s', async (dtype) => {
    const session = await openNetwork(dtype)
    expect([...(await session.run(input, [1, 1, 2, 2, 2]))]).toEqual(expected)
    expect(input[2]).toBe(1024)
    await session.release()
  })

  it('is refused where its type is not the announced one', async () => {
    const session = await openNetwork('float32', 'float16')
    await expect(session.run(input, [1, 1, 2, 2, 2])).rejects.toMatchObject({ code: 'model_invalid' })
    await session.release()
  })
})
