import type { VolumeWarning } from '../volume/header.ts'

/** A picture of the report: an image as data address, with its scale bar in pixels of the image. */
export interface ReportPicture {
  title: string
  dataUrl: string
  width: number
  height: number
  bar: { pixels: number; text: string } | null
}

/** What a report shows; every text is escaped here. */
export interface ReportPage {
  title: string
  writtenAt: string
  program: string
  pictures: readonly ReportPicture[]
  labels: readonly {
    value: number
    name: string
    color: string
    voxels: number
    share: number
    volume: number | null
    surface_area?: number | null
    num_objects?: number | null
  }[]
  volumeUnit: string | null
  areaUnit: string | null
  /** Names and values, one a line. */
  facts: readonly (readonly [name: string, value: string])[]
  warnings: readonly VolumeWarning[]
  /** Shown as JSON. */
  provenance: unknown
}

const STYLE = `
body{font:14px/1.45 system-ui,sans-serif;color:#1b1e23;background:#fff;max-width:1000px;margin:24px auto;padding:0 20px}
h1{font-size:22px;margin:0 0 2px;overflow-wrap:anywhere}h2{font-size:15px;margin:22px 0 8px}p{margin:4px 0}
.faint{color:#5c636e}.pictures{display:grid;grid-template-columns:repeat(3,1fr);gap:12px;align-items:start}
figure{margin:0}svg{width:100%;max-height:420px;background:#000;display:block}figcaption{font-size:12px;color:#5c636e}
table{border-collapse:collapse;width:100%}td,th{padding:4px 8px;border-bottom:1px solid #dde1e6;text-align:right}
th{font-weight:600}td:first-child,th:first-child,.left{text-align:left}td{overflow-wrap:anywhere}
.dot{display:inline-block;width:10px;height:10px;border-radius:50%;margin-right:6px}
pre{font-size:11px;background:#f4f5f7;padding:10px;white-space:pre-wrap;overflow-wrap:anywhere}
@media print{body{margin:0;max-width:none}}`

/** One page of HTML that needs nothing else: no script, no address outside. */
export function reportPage(page: ReportPage): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${escapeHtml(page.title)}</title><style>${STYLE}</style></head><body>
<h1>${escapeHtml(page.title)}</h1><p class="faint">${escapeHtml(page.program)}, ${escapeHtml(page.writtenAt)}</p>
<h2>Slices</h2><div class="pictures">${page.pictures.map(pictureHtml).join('')}</div>
<h2>Labels</h2>${labelsHtml(page)}
${page.warnings.map(({ message }) => `<p>Warning: ${escapeHtml(message)}</p>`).join('')}
<h2>Volume</h2><table>${page.facts.map(([name, value]) => `<tr><th>${escapeHtml(name)}</th><td class="left">${escapeHtml(value)}</td></tr>`).join('')}</table>
<h2>Provenance</h2><pre>${escapeHtml(compact(page.provenance))}</pre>
</body></html>
`
}

/** JSON, lists of numbers on one line: the page stays a page. */
function compact(value: unknown): string {
  const text = JSON.stringify(value, null, 2)
  return text.replaceAll(/\[\s+([-+.\deE,\s]+?)\s+\]/g, (_, list: string) => `[${list.replaceAll(/\s+/g, ' ')}]`)
}

/** Text that is text in HTML, also in an attribute. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return text.replaceAll(/[&<>"']/g, (character) => entities[character])
}

function pictureHtml({ title, dataUrl, width, height, bar }: ReportPicture): string {
  const [size, edge] = [Math.max(width, height) / 22, Math.max(width, height) / 40]
  const text = (style: string) =>
    bar
      ? `<text x="${edge}" y="${height - edge - size / 2.2}" font-size="${size}" font-family="sans-serif" ${style}>${escapeHtml(bar.text)}</text>`
      : ''
  const drawn = bar
    ? `<rect x="${edge}" y="${height - edge - size / 5}" width="${bar.pixels.toFixed(2)}" height="${size / 5}" fill="#fff" stroke="#000" stroke-width="${size / 20}"/>${text(`fill="#fff" stroke="#000" stroke-width="${size / 8}" paint-order="stroke"`)}`
    : ''
  return `<figure><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(title)}"><image href="${dataUrl}" width="${width}" height="${height}"/>${drawn}</svg><figcaption>${escapeHtml(title)}</figcaption></figure>`
}

function labelsHtml({ labels, volumeUnit, areaUnit }: ReportPage): string {
  if (labels.length === 0) return '<p>The mask is empty: every voxel is background.</p>'
  const unit = (name: string | null) => (name ? ` (${name.replace('2', '²').replace('3', '³')})` : '')
  const head = ['Label', 'Voxels', 'Share', `Volume${unit(volumeUnit)}`, `Surface${unit(areaUnit)}`, 'Objects']
  const rows = labels.map((one) => {
    const dot = `<span class="dot" style="background:${/^#[0-9a-f]{6}$/i.test(one.color) ? one.color : '#888'}"></span>`
    const cells = [
      String(one.voxels),
      `${(one.share * 100).toFixed(3)} %`,
      ...[one.volume, one.surface_area, one.num_objects].map((value) =>
        value == null ? '–' : String(Number(value.toPrecision(6))),
      ),
    ]
    return `<tr><td>${dot}${escapeHtml(one.name)} (${one.value})</td>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`
  })
  return `<table><tr>${head.map((cell) => `<th>${escapeHtml(cell)}</th>`).join('')}</tr>${rows.join('')}</table>`
}
