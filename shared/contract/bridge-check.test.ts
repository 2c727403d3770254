import { describe, expect, it } from 'vitest'
import { BRIDGE_REQUESTS } from './bridge.ts'
import { checkBridgeInput, checkDesktopEvent, checkPageInput, checkVolumeRequest } from './bridge-check.ts'
import { MOST_PICTURE_BYTES } from './pictures.ts'

const refused = expect.objectContaining({ code: 'bridge_input_invalid' })

describe('the bridge', () => {
  it('has exactly these requests', () => {
    expect(Object.keys(BRIDGE_REQUESTS)).toEqual([
      'app.state',
      'app.ready',
      'settings.theme',
      'settings.view',
      'preferences.change',
      'preferences.results_folder',
      'recent.open',
      'recent.clear',
      'view_state.find',
      'view_state.keep',
      'diagnostics.read',
      'diagnostics.copy',
      'crash.folder',
      'crash.seen',
      'outside.open',
      'volume.choose',
      'volume.sample',
      'volume.drop',
      'volume.mode0',
      'volume.close',
      'beside.choose',
      'beside.close',
      'connection.test',
      'connection.use',
      'connection.leave',
      'connection.forget',
      'connection.certificate',
      'connection.authority',
      'connection.trust',
      'run.elsewhere',
      'run.adopt',
      'run.start',
      'run.estimate',
      'run.cancel',
      'run.pause',
      'run.resume',
      'run.show',
      'run.dismiss',
      'batch.start',
      'batch.export',
      'mask.export',
      'run.probability',
      'mask.edit',
      'mask.apply',
      'mask.undo',
      'mask.redo',
      'mask.cancel',
      'mask.label',
      'mask.probability',
      'mask.save',
      'mask.take',
      'mask.close',
      'mask.recover',
      'picture.begin',
      'picture.write',
      'picture.finish',
      'picture.discard',
    ])
  })

  it('takes what fits', () => {
    expect(checkBridgeInput('settings.theme', 'light')).toBe('light')
    const target = { kind: 'server', url: 'http://a', token: null }
    expect(checkBridgeInput('connection.use', target)).toBe(target)
  })

  it('refuses other types, other fields and other names', () => {
    expect(() => checkBridgeInput('settings.theme', 'purple')).toThrow(refused)
    expect(() => checkBridgeInput('run.cancel', { run_ref: 'a', more: 1 })).toThrow(refused)
    expect(() => checkBridgeInput('run.cancel', { run_ref: '../a' })).toThrow(refused)
    expect(() => checkBridgeInput('shell.open' as 'app.state', null)).toThrow(refused)
    expect(() => checkDesktopEvent({ type: 'menu', command: 'quit' })).toThrow(refused)
    expect(() =>
      checkVolumeRequest({ type: 'voxel', volume_ref: 'a', request_index: 1, index_xyz: [0, -1, 0] }),
    ).toThrow(refused)
    const plane = { type: 'plane', volume_ref: 'a', request_index: 1, axis: 'z', index: 3, projection: 'mean' }
    expect(checkVolumeRequest({ ...plane, thickness: 5 })).toMatchObject(plane)
    expect(() => checkVolumeRequest({ ...plane, thickness: 1e9 })).toThrow(refused)
  })
  it('takes bytes of a picture, and only bytes, not too many', () => {
    const part = { picture_ref: 'a', at: 0, bytes: Uint8Array.of(1, 2) }
    expect(checkBridgeInput('picture.write', part)).toBe(part)
    expect(() => checkBridgeInput('picture.write', { ...part, bytes: [1, 2] })).toThrow(refused)
    expect(() => checkBridgeInput('picture.write', { ...part, bytes: 'ab' })).toThrow(refused)
    expect(() => checkBridgeInput('picture.write', { ...part, at: -1 })).toThrow(refused)
    const long = new Uint8Array(MOST_PICTURE_BYTES + 1)
    expect(() => checkBridgeInput('picture.write', { ...part, bytes: long })).toThrow(refused)
  })
  it('lets no page name a path', () => {
    expect(() => checkPageInput('volume.drop', '/etc/passwd')).toThrow(refused)
    expect(checkBridgeInput('volume.drop', '/data/a.mrc')).toBe('/data/a.mrc')
  })
})
