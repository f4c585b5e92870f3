import type { Host } from './panel/host'

/** What a stylesheet says of a drawing, for a file that has none. */
const INLINED = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-opacity',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
  'dominant-baseline',
] as const

/** A drawing of the page as a file of its own: styles written out, the page's colour behind it. */
function svgText(drawing: SVGSVGElement): string {
  const copy = drawing.cloneNode(true) as SVGSVGElement
  const from = [drawing, ...drawing.querySelectorAll<SVGElement>('*')]
  const to = [copy, ...copy.querySelectorAll<SVGElement>('*')]
  from.forEach((element, i) => {
    const style = getComputedStyle(element)
    for (const name of INLINED) to[i]!.setAttribute(name, style.getPropertyValue(name))
    to[i]!.removeAttribute('class')
    to[i]!.removeAttribute('style')
  })
  const { width, height } = drawing.getBoundingClientRect()
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  copy.setAttribute('width', String(Math.ceil(width)))
  copy.setAttribute('height', String(Math.ceil(height)))
  const ground = document.createElementNS('http://www.w3.org/2000/svg', 'rect')
  ground.setAttribute('width', '100%')
  ground.setAttribute('height', '100%')
  ground.setAttribute('fill', getComputedStyle(document.body).backgroundColor)
  copy.prepend(ground)
  return new XMLSerializer().serializeToString(copy)
}

/** The drawing of this name in a part of the page, as a file's text. */
export const drawingOf = (root: ParentNode, name: string): string =>
  svgText(root.querySelector<SVGSVGElement>(`[data-picture=${name}]`)!)

/** base64 of a PNG at twice the size, of a drawing's text. */
export async function pngOf(svg: string): Promise<string> {
  const image = new Image()
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`
  await image.decode()
  const canvas = document.createElement('canvas')
  canvas.width = image.naturalWidth * 2
  canvas.height = image.naturalHeight * 2
  canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height)
  return base64Of(canvas)
}

export const base64Of = (canvas: HTMLCanvasElement): string => canvas.toDataURL('image/png').split(',')[1]!

/** RFC 4180: quotes where a value needs them, CRLF between rows. */
export function csvText(rows: readonly (readonly (string | number | null | undefined)[])[]): string {
  const cell = (value: string | number | null | undefined) => {
    const text = value === null || value === undefined ? '' : String(value)
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  return rows.map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n'
}

/** A picture that can be saved: its drawing as SVG text, and its numbers as rows with a header. */
export interface Exportable {
  name: string
  svg?: () => string | Promise<string>
  png?: () => string | Promise<string>
  rows: () => readonly (readonly (string | number | null | undefined)[])[]
}

export async function saveAs(host: Host, picture: Exportable, format: 'svg' | 'png' | 'csv'): Promise<void> {
  if (format === 'csv') return host.save(picture.name, 'csv', csvText(picture.rows()))
  const svg = picture.svg && (await picture.svg())
  if (format === 'svg' && svg !== undefined) return host.save(picture.name, 'svg', svg)
  const png = picture.png ? await picture.png() : svg !== undefined ? await pngOf(svg) : undefined
  if (png !== undefined) host.save(picture.name, 'png', png)
}
