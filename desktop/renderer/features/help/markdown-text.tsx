import { createElement, type ReactNode } from 'react'

/** The little of Markdown that the help uses: headings, paragraphs, lists, `code`, **bold**. No links, no HTML. */
export function MarkdownText({ text }: { text: string }) {
  return (
    <>
      {text
        .trim()
        .split(/\n{2,}/)
        .map((block, index) => blockOf(block, index))}
    </>
  )
}

function blockOf(block: string, key: number): ReactNode {
  const heading = /^(#{1,3}) (.*)$/.exec(block)
  // The sheet has the first two levels.
  if (heading) return createElement(`h${heading[1].length + 2}`, { key }, ...inline(heading[2]))
  if (/^([-*]|\d+\.) /.test(block)) return listOf(block, key)
  return <p key={key}>{inline(block.replaceAll('\n', ' '))}</p>
}

function listOf(block: string, key: number): ReactNode {
  const items = block
    .split(/\n(?=(?:[-*]|\d+\.) )/)
    .map((item) => item.replace(/^([-*]|\d+\.) /, '').replaceAll(/\n\s*/g, ' '))
  const children = items.map((item) => <li key={item}>{inline(item)}</li>)
  return /^\d/.test(block) ? <ol key={key}>{children}</ol> : <ul key={key}>{children}</ul>
}

function inline(text: string): ReactNode[] {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part, index) => {
    const key = `${index}${part}`
    if (part.startsWith('`')) return <code key={key}>{part.slice(1, -1)}</code>
    if (part.startsWith('**')) return <strong key={key}>{part.slice(2, -2)}</strong>
    return part
  })
}
