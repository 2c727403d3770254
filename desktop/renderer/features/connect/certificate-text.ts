const REASONS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it vouches only for itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'this computer does not know the authority behind it',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'this computer does not know the authority behind it',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'this computer does not know the authority behind it',
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it is for a server of another name',
}

/** Why a certificate is not trusted, for people; an unknown word of OpenSSL as it is. */
export function certificateReason(reason: string | null): string {
  return reason === null ? 'nothing is wrong with it' : (REASONS[reason] ?? reason)
}

/** 32 pairs of hex digits in four lines of eight, to be compared by eye. */
export function fingerprintLines(fingerprint: string): string[] {
  const pairs = fingerprint.split(':')
  return [0, 8, 16, 24].map((from) => pairs.slice(from, from + 8).join(' '))
}
