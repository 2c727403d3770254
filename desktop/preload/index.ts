import { contextBridge, ipcRenderer, webUtils } from 'electron'
import {
  BRIDGE_CHANNELS,
  type BridgeChannel,
  type BridgeInput,
  type BridgeReply,
  type DesktopEvent,
} from '../../shared/contract/bridge.ts'
import { checkBridgeInput, checkDesktopEvent, checkPageInput } from '../../shared/contract/bridge-check.ts'
import { envelopeOf } from '../../shared/errors/domain-error.ts'

async function ask(channel: BridgeChannel, checked: () => unknown): Promise<BridgeReply> {
  try {
    return await ipcRenderer.invoke(BRIDGE_CHANNELS.request, channel, checked())
  } catch (error) {
    return { ok: false, problem: envelopeOf(error) }
  }
}

/** The only thing the window has of the world outside: requests, events, and handing over a dropped file. */
const bridge = {
  request: <C extends BridgeChannel>(channel: C, input: BridgeInput<C>): Promise<BridgeReply> =>
    ask(channel, () => checkPageInput(channel, input)),
  onEvent: (listener: (event: DesktopEvent) => void): void => {
    ipcRenderer.on(BRIDGE_CHANNELS.event, (_event, data: unknown) => listener(checkDesktopEvent(data)))
  },
  /** Only a file that the user dropped or chose has a path; one that the page made has none, and is refused. */
  openDropped: (file: File): Promise<BridgeReply> =>
    ask('volume.drop', () => checkBridgeInput('volume.drop', webUtils.getPathForFile(file))),
}
export type Bridge = typeof bridge

contextBridge.exposeInMainWorld('cryomamba', bridge)

// Ports cannot cross the bridge; a message to our own page hands it over.
ipcRenderer.on(BRIDGE_CHANNELS.port, (event) => window.postMessage('cryomamba:volume-port', window.origin, event.ports))
ipcRenderer.on(BRIDGE_CHANNELS.besidePort, (event) =>
  window.postMessage('cryomamba:beside-port', window.origin, event.ports),
)
ipcRenderer.on(BRIDGE_CHANNELS.maskPort, (event) =>
  window.postMessage('cryomamba:mask-port', window.origin, event.ports),
)
