import { DomainError } from '../../shared/errors/domain-error.ts'

/** The reason of a stop after which what is finished stays for the next attempt. */
class KeepingStop extends DomainError {
  constructor() {
    super('canceled')
  }
}

/** Why a run is told to stop. @param keeps true where another attempt shall go on from what is finished */
export function stopReason(keeps: boolean): DomainError {
  return keeps ? new KeepingStop() : new DomainError('canceled')
}

export function shallKeep(signal: AbortSignal): boolean {
  return signal.reason instanceof KeepingStop
}
