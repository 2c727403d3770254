import { useState } from 'react'
import type { OpenedVolume } from '../../../../shared/contract/bridge.ts'
import { Facts } from '../../ui/facts.tsx'

/** The whole header of the file, word for word, and what was wrong with it; folded, and to be selected and copied. */
export function HeaderList({ volume }: { volume: OpenedVolume }) {
  const [isCopied, setCopied] = useState(false)
  const entries = volume.header ?? []
  if (entries.length === 0) return null
  const lines = [
    ...entries.map(({ name, value }) => `${name}\t${value}`),
    ...volume.warnings.map(({ code, message }) => `warning ${code}\t${message}`),
  ]
  const copy = () =>
    void navigator.clipboard.writeText(lines.join('\n')).then(
      () => setCopied(true),
      () => setCopied(false),
    )
  return (
    <details className="header-list">
      <summary>Whole header</summary>
      <button type="button" className="small" onClick={copy}>
        {isCopied ? 'Copied' : 'Copy'}
      </button>
      <Facts facts={entries.map(({ name, value }) => ({ name, value, title: value }))} />
    </details>
  )
}
