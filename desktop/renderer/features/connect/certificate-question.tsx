import { useEffect, useRef } from 'react'
import type { UnknownCertificate } from '../../../../shared/contract/certificate.ts'
import { useFacts, useSession } from '../../session/use-session.ts'
import { Facts } from '../../ui/facts.tsx'
import { certificateReason, fingerprintLines } from './certificate-text.ts'

/** Asked once for a server whose certificate nobody vouches for. */
export function CertificateQuestion() {
  const certificate = useFacts((state) => state.askedCertificate)
  return certificate ? <Question key={certificate.fingerprint} certificate={certificate} /> : null
}

function Question({ certificate }: { certificate: UnknownCertificate }) {
  const { servers } = useSession()
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  const { url, subject, issuer, valid_from, valid_to, reason, fingerprint } = certificate
  const day = (time: string) => new Date(time).toLocaleDateString()
  return (
    <dialog
      ref={dialog}
      className="results certificate"
      aria-label="Is this your server?"
      onClose={servers.refuseCertificate}
    >
      <h2>Is this your server?</h2>
      <p>
        The certificate of {new URL(url).host} is not known here: {certificateReason(reason)}. It may be your lab's own,
        or somebody may be between you and the server. Compare the fingerprint with the one that the administrator of
        the server gives you.
      </p>
      <p className="fingerprint" data-testid="fingerprint">
        {fingerprintLines(fingerprint).map((line) => (
          <span key={line}>{line}</span>
        ))}
      </p>
      <Facts
        facts={[
          { name: 'Server', value: url },
          { name: 'Issued to', value: subject || '–' },
          { name: 'Issued by', value: issuer || '–' },
          { name: 'Valid', value: `${day(valid_from)} to ${day(valid_to)}` },
        ]}
      />
      <p className="faint">
        On the server, <code>openssl x509 -in server.crt -noout -fingerprint -sha256</code> prints it. It is asked once:
        another certificate of this server will be refused. Where your lab has an authority of its own (CA), its file
        also vouches for the server's later certificates.
      </p>
      <div className="row">
        <button type="button" onClick={() => dialog.current?.close()}>
          Do not connect
        </button>
        <button type="button" onClick={() => void servers.chooseAuthority()}>
          Use a CA file…
        </button>
        <button type="button" onClick={() => void servers.trustCertificate()}>
          It is the same: trust it
        </button>
      </div>
    </dialog>
  )
}
