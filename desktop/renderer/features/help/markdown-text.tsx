import { createElement, type ReactNode } from 'react'

/** The little of Markdown that the help uses: headings, paragraphs, lists, tables, `code`, **bold**. No links, no HTML. */
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
  if (block.startsWith('|')) return tableOf(block, key)
  return <p key={key}>{inline(block.replaceAll('\n', ' '))}</p>
}

function listOf(block: string, key: number): ReactNode {
  const items = block
    .split(/\n(?=(?:[-*]|\d+\.) )/)
    .map((item) => item.replace(/^([-*]|\d+\.) /, '').replaceAll(/\n\s*/g, ' '))
  const children = items.map((item) => <li key={item}>{inline(item)}</li>)
  return /^\d/.test(block) ? <ol key={key}>{children}</ol> : <ul key={key}>{children}</ul>
}

/** The second line of a table only says that it is one. */
function tableOf(block: string, key: number): ReactNode {
  const [names, , ...rows] = block.split('\n').map((line) => line.slice(1, -1).split('|'))
  return (
    <table key={key}>
      <thead>
        <tr>
          {names.map((name) => (
            <th key={name} scope="col">
              {name.trim()}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row[0]}>
            {row.map((cell, column) => (
              <td key={names[column]}>{inline(cell.trim())}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function inline(text: string): ReactNode[] {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part, index) => {
    const key = `${index}${part}`
    if (part.startsWith('`')) return <code key={key}>{part.slice(1, -1)}</code>
    if (part.startsWith('**')) return <strong key={key}>{part.slice(2, -2)}</strong>
    return part
  })
}
