import { expect, it } from 'vitest'
import { certificateReason, fingerprintLines } from './certificate-text.ts'

it('cuts a fingerprint into four lines and loses nothing of it', () => {
  const fingerprint = Array.from({ length: 32 }, (_, i) => i.toString(16).padStart(2, '0').toUpperCase()).join(':')
  const lines = fingerprintLines(fingerprint)
  expect(lines[0]).toBe('00 01 02 03 04 05 06 07')
  expect(lines.join(' ').replaceAll(' ', ':')).toBe(fingerprint)
})

it('says why a certificate is not trusted, and shows a word that it does not know', () => {
  expect(certificateReason('DEPTH_ZERO_SELF_SIGNED_CERT')).toBe('it vouches only for itself')
  expect(certificateReason('NEW_WORD')).toBe('NEW_WORD')
})
