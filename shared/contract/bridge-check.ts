import { Value } from 'typebox/value'
import { DomainError } from '../errors/domain-error.ts'
import { BRIDGE_REQUESTS, type BridgeChannel, type BridgeInput, DesktopEvent, PRELOAD_CHANNELS } from './bridge.ts'
import { MaskRequest } from './mask-view.ts'
import { VolumeRequest } from './volume-port.ts'

/** True for the name of a request that exists. */
export function isBridgeChannel(channel: unknown): channel is BridgeChannel {
  return typeof channel === 'string' && Object.hasOwn(BRIDGE_REQUESTS, channel)
}

/** The input of a request, checked against its schema. @throws {DomainError} `bridge_input_invalid` */
export function checkBridgeInput<C extends BridgeChannel>(channel: C, input: unknown): BridgeInput<C> {
  if (!isBridgeChannel(channel) || !Value.Check(BRIDGE_REQUESTS[channel].input, input))
    throw new DomainError('bridge_input_invalid', { channel: String(channel) })
  return input as BridgeInput<C>
}

/** The input of a request that the page itself makes, checked. @throws {DomainError} `bridge_input_invalid` */
export function checkPageInput<C extends BridgeChannel>(channel: C, input: unknown): BridgeInput<C> {
  if (PRELOAD_CHANNELS.includes(channel)) throw new DomainError('bridge_input_invalid', { channel })
  return checkBridgeInput(channel, input)
}

/** An event from the main process, checked. @throws {DomainError} `bridge_input_invalid` */
export function checkDesktopEvent(event: unknown): DesktopEvent {
  if (!Value.Check(DesktopEvent, event)) throw new DomainError('bridge_input_invalid', { channel: 'event' })
  return event
}

/** A request to the volume service, checked. @throws {DomainError} `bridge_input_invalid` */
export function checkVolumeRequest(request: unknown): VolumeRequest {
  if (!Value.Check(VolumeRequest, request)) throw new DomainError('bridge_input_invalid', { channel: 'volume' })
  return request
}

/** A request to the mask service, checked. @throws {DomainError} `bridge_input_invalid` */
export function checkMaskRequest(request: unknown): MaskRequest {
  if (!Value.Check(MaskRequest, request)) throw new DomainError('bridge_input_invalid', { channel: 'mask' })
  return request
}
