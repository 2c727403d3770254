import { contextBridge, ipcRenderer, webUtils } from 'electron'
import {
  BRIDGE_CHANNELS,
  type BridgeChannel,
  type BridgeInput,
  type BridgeReply,
  type DesktopEvent,
} from '../../shared/contract/bridge.ts'
import { checkBridgeInput, checkDesktopEvent } from '../../shared/contract/bridge-check.ts'
import { envelopeOf } from '../../shared/errors/domain-error.ts'

/** The only thing the window has of the world outside: requests, events, and the place of a dropped file. */
const bridge = {
  request: async <C extends BridgeChannel>(channel: C, input: BridgeInput<C>): Promise<BridgeReply> => {
    try {
      return await ipcRenderer.invoke(BRIDGE_CHANNELS.request, channel, checkBridgeInput(channel, input))
    } catch (error) {
      return { ok: false, problem: envelopeOf(error) }
    }
  },
  onEvent: (listener: (event: DesktopEvent) => void): void => {
    ipcRenderer.on(BRIDGE_CHANNELS.event, (_event, data: unknown) => listener(checkDesktopEvent(data)))
  },
  openDropped: (file: File): Promise<BridgeReply> => bridge.request('volume.drop', webUtils.getPathForFile(file)),
}
export type Bridge = typeof bridge

contextBridge.exposeInMainWorld('cryomamba', bridge)

// Ports cannot cross the bridge; a message to our own page hands it over.
ipcRenderer.on(BRIDGE_CHANNELS.port, (event) => window.postMessage('cryomamba:volume-port', window.origin, event.ports))
ipcRenderer.on(BRIDGE_CHANNELS.maskPort, (event) =>
  window.postMessage('cryomamba:mask-port', window.origin, event.ports),
)
