import { describe, expect, it } from 'vitest'
import { judgePlacement, nodesOnCpu } from './node-placement.ts'

/** Cut from a profile of onnxruntime 1.29.0. */
const PROFILE = JSON.stringify([
  { cat: 'Session', name: 'model_loading_uri', args: {} },
  { cat: 'Node', name: '/enc.0/Conv_kernel_time', args: { op_name: 'Conv', provider: 'WebGpuExecutionProvider' } },
  { cat: 'Node', name: '/head/Cast_kernel_time', args: { op_name: 'Cast', provider: 'CPUExecutionProvider' } },
  { cat: 'Node', name: '/up.0/Shape_kernel_time', args: { op_name: 'Shape', provider: 'CPUExecutionProvider' } },
  { cat: 'Node', name: '/head/Cast_kernel_time', args: { op_name: 'Cast', provider: 'CPUExecutionProvider' } },
])

describe('a profile', () => {
  it('tells which steps ran on the CPU, each once', () => {
    expect(nodesOnCpu(PROFILE)).toEqual([
      { name: '/head/Cast', operator: 'Cast' },
      { name: '/up.0/Shape', operator: 'Shape' },
    ])
    expect(nodesOnCpu('[]')).toEqual([])
  })
})

describe('steps that stay on the CPU', () => {
  it('are no matter where there are none', () => {
    expect(judgePlacement([], 'cuda')).toBeNull()
  })

  it('are named in a warning, the first of them', () => {
    expect(judgePlacement(nodesOnCpu(PROFILE), 'cuda')).toBe(
      'Steps of the network run on the CPU instead of cuda: Cast /head/Cast, Shape /up.0/Shape.',
    )
    const many = Array.from({ length: 7 }, (_, i) => ({ name: `n${i}`, operator: 'Cast' }))
    expect(judgePlacement(many, 'webgpu')).toMatch(/: Cast n0, .*Cast n4 and 2 more\.$/)
  })

  it.each(['Conv', 'ConvTranspose', 'FusedConv', 'NhwcConv', 'NhwcFusedConv', 'QLinearConv', 'ConvInteger'])(
    'are a failure with %s among them, which is named',
    (operator) => {
      const nodes = [
        { name: 'c', operator: 'Cast' },
        { name: 'deep', operator },
      ]
      expect(() => judgePlacement(nodes, 'cuda')).toThrow(
        `The provider cuda cannot be used: it leaves convolutions of the network to the CPU: ${operator} deep.`,
      )
    },
  )
})
