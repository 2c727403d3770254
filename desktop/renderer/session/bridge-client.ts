import type {
  BridgeChannel,
  BridgeInput,
  BridgeOutput,
  BridgeReply,
  DesktopEvent,
} from '../../../shared/contract/bridge.ts'
import { errorFromEnvelope } from '../../../shared/errors/domain-error.ts'

/** What the preload script puts on the page. */
interface Bridge {
  request<C extends BridgeChannel>(channel: C, input: BridgeInput<C>): Promise<BridgeReply>
  onEvent(listener: (event: DesktopEvent) => void): void
  openDropped(file: File): Promise<BridgeReply>
}

declare global {
  interface Window {
    readonly cryomamba: Bridge
  }
}

/** Typed requests to the main process; a problem comes as a thrown `DomainError`. */
export class BridgeClient {
  private readonly bridge: Bridge

  constructor(bridge: Bridge) {
    this.bridge = bridge
  }

  async request<C extends BridgeChannel>(channel: C, input: BridgeInput<C>): Promise<BridgeOutput<C>> {
    return unpack(await this.bridge.request(channel, input)) as BridgeOutput<C>
  }

  onEvent(listener: (event: DesktopEvent) => void): void {
    this.bridge.onEvent(listener)
  }

  async openDropped(file: File): Promise<void> {
    unpack(await this.bridge.openDropped(file))
  }
}

function unpack(reply: BridgeReply): unknown {
  if (!reply.ok) throw errorFromEnvelope(reply.problem)
  return reply.value
}
