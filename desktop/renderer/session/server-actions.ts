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
  /** What goes on once the certificate is confirmed. */
  private wanted: (() => Promise<void>) | null = null
  /** Since the start a server was chosen, or left. */
  private isDecided = false

  constructor(ground: ServerGround) {
    this.ground = ground
  }

  test = (target: ConnectionTarget) => this.reach(target, 'testing')
  connect = (target: ConnectionTarget) => {
    this.isDecided = true
    return this.reach(target, 'connecting')
  }

  /** Takes up the server on this computer where it was in use last, unless the user has chosen since the start. */
  takeUp(): void {
    const { app, connection } = this.ground.store.getState()
    if (this.isDecided || !app?.uses_this_computer || connection) return
    void this.connect({ kind: 'local' })
  }

  /** The user compared the fingerprint: it is kept, and what it was asked for is done. */
  trustCertificate = () =>
    this.ground.attempt(async () => {
      const { askedCertificate, certificateAsked } = this.ground.store.getState()
      const { wanted } = this
      if (!askedCertificate || !wanted) return
      const { url, fingerprint } = askedCertificate
      await this.ground.bridge.request('connection.trust', { url, fingerprint })
      certificateAsked(null)
      await wanted()
    })

  /** The user has the file of the lab's authority: where it vouches for the server, what it was asked for is done. */
  chooseAuthority = () =>
    this.ground.attempt(async () => {
      const { askedCertificate, certificateAsked } = this.ground.store.getState()
      const { wanted } = this
      if (!askedCertificate || !wanted) return
      const { url } = askedCertificate
      if (!(await this.ground.bridge.request('connection.authority', { url }))) return
      certificateAsked(null)
      await wanted()
    })

  refuseCertificate = (): void => {
    this.wanted = null
    this.ground.store.getState().certificateAsked(null)
  }

  private async reach(target: ConnectionTarget, state: 'testing' | 'connecting'): Promise<void> {
    const { bridge, store } = this.ground
    const { checkChanged, connected, appKnown, certificateAsked, problemsOver } = store.getState()
    checkChanged({ state })
    try {
      if (state === 'testing')
        return checkChanged({ state: 'answered', info: await bridge.request('connection.test', target) })
      connected(await bridge.request('connection.use', target))
      problemsOver('connection')
      appKnown(await bridge.request('app.state', null))
    } catch (error) {
      const problem = envelopeOf(error)
      checkChanged({ state: 'failed', problem })
      if (problem.code !== 'certificate_untrusted' || target.kind !== 'server') return
      this.wanted = () => this.reach(target, state)
      await this.ground.attempt(async () =>
        certificateAsked(await bridge.request('connection.certificate', { url: target.url })),
      )
    }
  }

  forget = (url: string) =>
    this.ground.attempt(async () => {
      await this.ground.bridge.request('connection.forget', { url })
      this.ground.store.getState().appKnown(await this.ground.bridge.request('app.state', null))
    })

  leave = () =>
    this.ground.attempt(async () => {
      this.isDecided = true
      await this.ground.bridge.request('connection.leave', null)
      this.ground.store.getState().disconnected()
    })
}
