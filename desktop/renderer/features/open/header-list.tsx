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
  // The window has no permission to use the clipboard by itself; what a user's click copies is allowed.
  const copy = () => {
    const onCopy = (event: ClipboardEvent) => {
      event.clipboardData?.setData('text/plain', lines.join('\n'))
      event.preventDefault()
    }
    document.addEventListener('copy', onCopy, { once: true })
    setCopied(document.execCommand('copy'))
    document.removeEventListener('copy', onCopy)
  }
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
