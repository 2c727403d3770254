import { createReadStream, statSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ElectronApplication } from 'playwright-core'

const LONGEST_MS = 150_000
const NIFTI_BYTES = 352
const MRC_HEADER_BYTES = 1024

export interface NiivueAlone {
  /** From asking for the volume until its last pixel is drawn; null where it cannot show it. */
  firstMs: number | null
  /** From another contrast until its last pixel is drawn. */
  contrastMs: number | null
  problem: string | null
}

/**
 * NiiVue as its makers publish it, without this program around it, in a window of the same Electron: the whole volume in
 * one texture, as NIfTI from a server on this computer.
 * @param file int16 MRC without extended header
 */
export async function niivueAlone(
  app: ElectronApplication,
  file: string,
  shapeZyx: readonly [number, number, number],
): Promise<NiivueAlone> {
  const server = http.createServer((request, reply) => {
    if (request.url === '/niivue.js')
      return void createReadStream('node_modules/@niivue/niivue/dist/niivue.umd.js').pipe(reply)
    if (request.url !== '/volume.nii') return void reply.setHeader('content-type', 'text/html').end(PAGE)
    reply.setHeader('content-length', NIFTI_BYTES + statSync(file).size - MRC_HEADER_BYTES)
    reply.write(niftiHeader(shapeZyx))
    createReadStream(file, { start: MRC_HEADER_BYTES }).pipe(reply)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  try {
    return await app.evaluate(runInWindow, { url, longestMs: LONGEST_MS })
  } catch (error) {
    return { firstMs: null, contrastMs: null, problem: String((error as Error).message).split('\n')[0] }
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

async function runInWindow(
  { BrowserWindow }: typeof import('electron'),
  { url, longestMs }: { url: string; longestMs: number },
): Promise<NiivueAlone> {
  const window = new BrowserWindow({ width: 1280, height: 800, webPreferences: { partition: 'niivue-alone' } })
  const gone = new Promise<NiivueAlone>((resolve) => {
    const end = (problem: string) => resolve({ firstMs: null, contrastMs: null, problem })
    window.webContents.once('render-process-gone', (_event, { reason }) => end(`its process is gone: ${reason}`))
    setTimeout(() => end(`nothing after ${longestMs / 1000} s`), longestMs)
  })
  try {
    await window.loadURL(url)
    return await Promise.race([gone, window.webContents.executeJavaScript('measure()') as Promise<NiivueAlone>])
  } finally {
    window.destroy()
  }
}

const PAGE = `<!doctype html><style>body{margin:0}canvas{width:100vw;height:100vh}</style><canvas id="c"></canvas>
<script src="/niivue.js"></script>
<script>
async function measure() {
  const canvas = document.getElementById('c')
  const nv = new niivue.Niivue({ isResizeCanvas: true })
  await nv.attachToCanvas(canvas)
  const drawn = () => {
    nv.drawScene()
    if (nv.gl.isContextLost()) throw new Error('its graphics context was lost')
    nv.gl.readPixels(0, 0, 1, 1, nv.gl.RGBA, nv.gl.UNSIGNED_BYTE, new Uint8Array(4))
    return performance.now()
  }
  const found = { firstMs: null, contrastMs: null, problem: null }
  try {
    let start = performance.now()
    await nv.loadVolumes([{ url: '/volume.nii' }])
    if (nv.volumes.length === 0) throw new Error('it shows no volume')
    found.firstMs = drawn() - start
    start = performance.now()
    nv.volumes[0].cal_max *= 0.8
    nv.updateGLVolume()
    found.contrastMs = drawn() - start
  } catch (error) {
    found.problem = String(error.message ?? error)
    found.firstMs = null
  }
  return found
}
</script>`

function niftiHeader([nz, ny, nx]: readonly [number, number, number]): Uint8Array {
  const view = new DataView(new ArrayBuffer(NIFTI_BYTES))
  view.setInt32(0, 348, true)
  for (const [i, size] of [3, nx, ny, nz, 1, 1, 1, 1].entries()) view.setInt16(40 + 2 * i, size, true)
  view.setInt16(70, 4, true) // int16
  view.setInt16(72, 16, true)
  for (const i of [0, 1, 2, 3]) view.setFloat32(76 + 4 * i, 1, true)
  view.setFloat32(108, NIFTI_BYTES, true)
  view.setFloat32(112, 1, true)
  view.setInt16(254, 1, true)
  for (const row of [0, 1, 2]) view.setFloat32(280 + 20 * row, 1, true)
  new Uint8Array(view.buffer).set([0x6e, 0x2b, 0x31, 0], 344)
  return new Uint8Array(view.buffer)
}
