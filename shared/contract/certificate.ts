import { Type } from 'typebox'
import { closed, Time } from './common.ts'

const ServerUrl = Type.String({ minLength: 1, maxLength: 2048 })
const Fingerprint = Type.String({ pattern: '^[0-9A-F]{2}(:[0-9A-F]{2}){31}$' })

/** A certificate that no authority vouches for, as a user has to see it before confirming it. */
export const UnknownCertificate = Type.Object(
  {
    url: Type.String(),
    /** SHA-256, pairs of capital hex digits with colons. */
    fingerprint: Fingerprint,
    subject: Type.String(),
    issuer: Type.String(),
    valid_from: Time,
    valid_to: Time,
    /** OpenSSL's word; null where the system vouches for it after all. */
    reason: Type.Union([Type.String(), Type.Null()]),
  },
  closed,
)
export type UnknownCertificate = Type.Static<typeof UnknownCertificate>

/** What the window may ask about certificates. */
export const CERTIFICATE_INPUTS = {
  ofServer: Type.Object({ url: ServerUrl }, closed),
  confirm: Type.Object({ url: ServerUrl, fingerprint: Fingerprint }, closed),
}
export type ConfirmedCertificate = Type.Static<typeof CERTIFICATE_INPUTS.confirm>
