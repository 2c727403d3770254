/** What a cell holds: text, or an element. */
export type Content = string | Node

/** A column of a table: its heading, and what it shows of a row. */
export interface Column<T> {
  heading: string
  isNumber?: true
  show(row: T): Content | Content[]
}

/** An element with content. Text is always text: nothing that a server says becomes markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  className: string,
  ...content: Content[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name)
  if (className) made.className = className
  made.append(...content)
  return made
}

/** A titled section with a table, or with a sentence where there are no rows. */
export function tableSection<T>(
  title: string,
  rows: readonly T[],
  whenEmpty: string,
  columns: readonly Column<T>[],
): HTMLElement {
  const heading = element('h2', '', title)
  if (rows.length === 0) return element('section', '', heading, element('p', 'empty', whenEmpty))
  const classOf = ({ isNumber }: Column<T>) => (isNumber ? 'number' : '')
  const headings = columns.map((column) => {
    const cell = element('th', classOf(column), column.heading)
    cell.scope = 'col'
    return cell
  })
  const body = rows.map((row) =>
    element('tr', '', ...columns.map((column) => element('td', classOf(column), ...[column.show(row)].flat()))),
  )
  const table = element(
    'table',
    '',
    element('thead', '', element('tr', '', ...headings)),
    element('tbody', '', ...body),
  )
  return element('section', '', heading, table)
}

/** A bar from 0 to 1 with its meaning in words. */
export function bar(share: number, label: string): HTMLElement {
  const made = element('meter', '')
  made.min = 0
  made.max = 1
  made.value = Math.min(1, Math.max(0, share))
  made.setAttribute('aria-label', label)
  return made
}
