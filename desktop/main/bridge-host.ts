import { type BrowserWindow, type IpcMainInvokeEvent, ipcMain } from 'electron'
import {
  BRIDGE_CHANNELS,
  type BridgeChannel,
  type BridgeInput,
  type BridgeOutput,
  type BridgeReply,
  type DesktopEvent,
} from '../../shared/contract/bridge.ts'
import { checkBridgeInput, isBridgeChannel } from '../../shared/contract/bridge-check.ts'
import { DomainError, envelopeOf } from '../../shared/errors/domain-error.ts'
import { APP_ORIGIN } from './app-protocol.ts'

/** One function for each request of the bridge. */
export type BridgeHandlers = {
  [C in BridgeChannel]: (input: BridgeInput<C>) => Promise<BridgeOutput<C>> | BridgeOutput<C>
}

/** Answers requests of our own window's main frame; everyone else, and every malformed input, is refused. */
export function hostBridge(getWindow: () => BrowserWindow | null, handlers: BridgeHandlers): void {
  ipcMain.handle(BRIDGE_CHANNELS.request, async (event, channel: unknown, input: unknown): Promise<BridgeReply> => {
    try {
      if (!isOurWindow(event, getWindow()) || !isBridgeChannel(channel))
        throw new DomainError('bridge_input_invalid', { channel: String(channel).slice(0, 40) })
      return { ok: true, value: await call(handlers, channel, input) }
    } catch (error) {
      if (!(error instanceof DomainError)) console.error(error)
      return { ok: false, problem: envelopeOf(error) }
    }
  })
}

async function call<C extends BridgeChannel>(handlers: BridgeHandlers, channel: C, input: unknown): Promise<unknown> {
  return handlers[channel](checkBridgeInput(channel, input))
}

function isOurWindow(event: IpcMainInvokeEvent, window: BrowserWindow | null): boolean {
  const frame = event.senderFrame
  return frame !== null && frame === window?.webContents.mainFrame && frame.url.startsWith(`${APP_ORIGIN}/`)
}

/** Tells the window; silently nothing when it is gone. */
export function sendEvent(window: BrowserWindow | null, event: DesktopEvent): void {
  if (window && !window.isDestroyed()) window.webContents.send(BRIDGE_CHANNELS.event, event)
}
