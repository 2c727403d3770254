import type { ConnectionTarget } from '../../../shared/contract/bridge.ts'
import { envelopeOf } from '../../../shared/errors/domain-error.ts'
import type { DesktopStore } from '../state/store.ts'
import type { BridgeClient } from './bridge-client.ts'

/** What servers need of the session. */
export interface ServerGround {
  store: DesktopStore
  bridge: BridgeClient
  /** Does work; a failure becomes a notice. */
  attempt(work: () => Promise<unknown>): Promise<void>
}

/** The server in use: testing, taking and leaving one. */
export class ServerActions {
  private readonly ground: ServerGround

  constructor(ground: ServerGround) {
    this.ground = ground
  }

  test = async (target: ConnectionTarget): Promise<void> => {
    const { checkChanged } = this.ground.store.getState()
    checkChanged({ state: 'testing' })
    try {
      checkChanged({ state: 'answered', info: await this.ground.bridge.request('connection.test', target) })
    } catch (error) {
      checkChanged({ state: 'failed', problem: envelopeOf(error) })
    }
  }

  connect = async (target: ConnectionTarget): Promise<void> => {
    const { checkChanged, connected, appKnown } = this.ground.store.getState()
    checkChanged({ state: 'connecting' })
    try {
      connected(await this.ground.bridge.request('connection.use', target))
      appKnown(await this.ground.bridge.request('app.state', null))
    } catch (error) {
      checkChanged({ state: 'failed', problem: envelopeOf(error) })
    }
  }

  forget = (url: string) =>
    this.ground.attempt(async () => {
      await this.ground.bridge.request('connection.forget', { url })
      this.ground.store.getState().appKnown(await this.ground.bridge.request('app.state', null))
    })

  leave = () =>
    this.ground.attempt(async () => {
      await this.ground.bridge.request('connection.leave', null)
      this.ground.store.getState().disconnected()
    })
}
