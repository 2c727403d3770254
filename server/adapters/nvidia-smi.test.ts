import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createNvidiaSmi, parseNvidiaSmi } from './nvidia-smi.ts'

const TWO_CARDS = `0, GPU-3f0c6f5e-1b1e-7a52-6c3c-0d3bd8f1c9a1, NVIDIA H200, 143771, 1, 0, 570.124.06, 29
1, GPU-9a1de0b7-52a4-0cf7-88b5-1f6b2c7d4e90, NVIDIA H200, 143771, 81559, 97, 570.124.06, 61
`
const MIG = '0, GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77, NVIDIA A800-SXM4-80GB, 81920, 36537, [N/A], 535.86.10, 33\n'

describe('the output of nvidia-smi', () => {
  it('is read card by card, memory in bytes', () => {
    const [first, second] = parseNvidiaSmi(TWO_CARDS)
    expect(first).toEqual({
      index: 0,
      uuid: 'GPU-3f0c6f5e-1b1e-7a52-6c3c-0d3bd8f1c9a1',
      name: 'NVIDIA H200',
      memoryTotalBytes: 143771 * 1024 * 1024,
      memoryUsedBytes: 1024 * 1024,
      utilisationPercent: 0,
      driverVersion: '570.124.06',
      temperatureCelsius: 29,
    })
    expect(second).toMatchObject({ index: 1, utilisationPercent: 97, temperatureCelsius: 61 })
  })

  it('has no utilisation for a card that is shared out in parts', () => {
    expect(parseNvidiaSmi(MIG)).toMatchObject([{ utilisationPercent: null, memoryTotalBytes: 81920 * 1024 * 1024 }])
  })

  it.each(['[N/A]', 'N/A', '[Not Supported]', '[Unknown Error]', '[Insufficient Permissions]', ''])(
    'gives null for %j',
    (word) => {
      const [card] = parseNvidiaSmi(`3, ${word}, NVIDIA GB10, ${word}, ${word}, ${word}, ${word}, ${word}\n`)
      expect(card).toEqual({
        index: 3,
        uuid: null,
        name: 'NVIDIA GB10',
        memoryTotalBytes: null,
        memoryUsedBytes: null,
        utilisationPercent: null,
        driverVersion: null,
        temperatureCelsius: null,
      })
    },
  )

  it('keeps commas of a name, and passes over lines that are no card', () => {
    const text = `WARNING: infoROM is corrupted at gpu 0000:1A:00.0
Unable to determine the device handle for GPU0000:3B:00.0: GPU is lost.  Reboot the system to recover this GPU
1, GPU-1, Card, large, 100, 50, 3, 550.54, 40\r
\n`
    expect(parseNvidiaSmi(text)).toMatchObject([{ index: 1, name: 'Card, large', temperatureCelsius: 40 }])
    expect(parseNvidiaSmi('No devices were found\n')).toEqual([])
    expect(parseNvidiaSmi('')).toEqual([])
  })
})

describe.skipIf(process.platform === 'win32')('asking nvidia-smi', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-smi-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  async function ask(script: string, timeoutMs?: number) {
    const file = path.join(folder, 'nvidia-smi')
    await writeFile(file, `#!/bin/sh\n${script}\n`)
    await chmod(file, 0o755)
    return createNvidiaSmi({ PATH: `${folder}:/usr/bin:/bin` }, timeoutMs)()
  }

  it('gives the cards, asking for the fields in their order', async () => {
    const answer = await ask(`echo "$@" > ${folder}/asked; cat <<EOF\n${TWO_CARDS}EOF`)
    expect(answer).toMatchObject({ state: 'found', gpus: [{ index: 0 }, { index: 1 }] })
  })

  it('says that there is none where the program is missing', async () => {
    expect(await createNvidiaSmi({ PATH: folder })()).toEqual({ state: 'absent' })
  })

  it('says why a driver does not answer', async () => {
    const text = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."
    expect(await ask(`echo "${text}"; exit 9`)).toEqual({ state: 'failed', reason: text })
    expect(await ask('exit 3')).toEqual({ state: 'failed', reason: 'nvidia-smi ended with 3' })
  })

  it('finds no cards where the driver has none', async () => {
    expect(await ask('echo "No devices were found"; exit 6')).toEqual({ state: 'found', gpus: [] })
  })

  it('ends a program that hangs', async () => {
    expect(await ask('exec sleep 30', 300)).toEqual({ state: 'failed', reason: 'nvidia-smi gave no answer in 0.3 s' })
  })

  it('refuses an output without end', async () => {
    expect(await ask('exec yes 0, GPU-1, card, 1, 1, 1, 1, 1')).toMatchObject({ state: 'failed' })
  })
})
