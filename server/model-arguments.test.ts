import { expect, it } from 'vitest'
import { readModelCommand } from './model-arguments.ts'

const FILES = ['--onnx', 'a.onnx', '--plans', 'p.json', '--dataset', 'd.json', '--out', 'model']

it('an import needs four paths; the rest has defaults', () => {
  expect(readModelCommand(['import', ...FILES, '--json'])).toEqual({
    action: 'import',
    request: {
      onnx: 'a.onnx',
      plans: 'p.json',
      dataset: 'd.json',
      out: 'model',
      configuration: '3d_fullres',
      fold: null,
      mirror: [],
      unit: 'mm',
      output: null,
      id: null,
      name: null,
      version: '1.0.0',
      licence: 'not stated',
      citation: null,
      description: null,
      isTried: true,
    },
  })
})

it('everything that goes into the manifest can be given', () => {
  const more = [
    '--fold',
    'all',
    '--mirror',
    'z,x',
    '--unit',
    'angstrom',
    '--id',
    'my.model',
    '--licence',
    'MIT',
    '--no-run',
  ]
  expect(readModelCommand(['import', ...FILES, ...more])).toMatchObject({
    request: { fold: 'all', mirror: ['z', 'x'], unit: 'angstrom', id: 'my.model', licence: 'MIT', isTried: false },
  })
})

it('a check takes one folder', () => {
  expect(readModelCommand(['check', 'model', '--json'])).toEqual({ action: 'check', folder: 'model' })
})

it.each([
  [[], 'check DIR'],
  [['check'], 'check DIR'],
  [['check', 'a', 'b'], 'check DIR'],
  [['dance'], 'check DIR'],
  [['import'], '--onnx'],
  [['import', ...FILES.slice(0, 6)], '--out'],
  [['import', ...FILES, 'more'], 'more'],
  [['import', ...FILES, '--colour', 'red'], '--colour'],
  [['import', ...FILES, '--mirror', 'z,z'], '--mirror'],
  [['import', ...FILES, '--mirror', '0'], '--mirror'],
  [['import', ...FILES, '--fold', 'first'], '--fold'],
  [['import', ...FILES, '--unit', 'inch'], '--unit'],
  [['import', ...FILES, '--id', 'My Model'], '--id'],
  [['import', ...FILES, '--name', ''], '--name'],
  [['import', ...FILES, '--version', '..'], '--version'],
])('refuses %j by name', (args, text) => {
  expect(() => readModelCommand(args)).toThrow(
    expect.objectContaining({ code: 'usage', message: expect.stringContaining(text) }),
  )
})
