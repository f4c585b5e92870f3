/**
 * What the map's drawing uses of a canvas, written down as SVG: the exported picture is made of the same strokes as the
 * one on the page, and a drawing program can take each apart. A pattern is given as `url(#hatch)`.
 */
export class SvgPen {
  fillStyle: string | CanvasPattern = '#000000'
  strokeStyle = '#000000'
  lineWidth = 1
  globalAlpha = 1
  font = '11px sans-serif'
  textAlign: CanvasTextAlign = 'left'
  lineJoin: CanvasLineJoin = 'miter'
  imageSmoothingEnabled = true
  private dash: number[] = []
  private path = ''
  private readonly parts: string[] = []
  private readonly clips: (string | undefined)[] = []
  private clipped: string | undefined
  private clipCount = 0

  constructor(private readonly measure: CanvasRenderingContext2D | undefined) {}

  fillRect(x: number, y: number, width: number, height: number): void {
    this.add(`<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" ${this.filled()}/>`)
  }

  strokeRect(x: number, y: number, width: number, height: number): void {
    this.add(`<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" ${this.stroked()}/>`)
  }

  fillText(text: string, x: number, y: number): void {
    this.add(`<text x="${n(x)}" y="${n(y)}" ${this.lettered()} ${this.filled()}>${escape(text)}</text>`)
  }

  strokeText(text: string, x: number, y: number): void {
    this.add(`<text x="${n(x)}" y="${n(y)}" ${this.lettered()} ${this.stroked()}>${escape(text)}</text>`)
  }

  measureText(text: string): { width: number } {
    if (!this.measure) return { width: text.length * 6.2 }
    this.measure.font = this.font
    return this.measure.measureText(text)
  }

  beginPath(): void {
    this.path = ''
  }

  moveTo(x: number, y: number): void {
    this.path += `M${n(x)} ${n(y)}`
  }

  lineTo(x: number, y: number): void {
    this.path += `L${n(x)} ${n(y)}`
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.path += `M${n(x)} ${n(y)}h${n(width)}v${n(height)}h${n(-width)}Z`
  }

  closePath(): void {
    this.path += 'Z'
  }

  fill(): void {
    this.add(`<path d="${this.path}" ${this.filled()}/>`)
  }

  stroke(): void {
    this.add(`<path d="${this.path}" ${this.stroked()}/>`)
  }

  setLineDash(dash: number[]): void {
    this.dash = dash
  }

  save(): void {
    this.clips.push(this.clipped)
  }

  restore(): void {
    this.clipped = this.clips.pop()
  }

  clip(): void {
    this.clipped = `clip${++this.clipCount}`
    this.parts.push(`<clipPath id="${this.clipped}"><path d="${this.path}"/></clipPath>`)
  }

  /** The file's text. */
  document(width: number, height: number, ground: string, hatch: string): string {
    const pattern = `<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line x1="0" x2="0" y1="0" y2="6" stroke="${attribute(hatch)}" stroke-width="2"/></pattern>`
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${n(width)}" height="${n(height)}"><defs>${pattern}</defs><rect width="100%" height="100%" fill="${attribute(ground)}"/>${this.parts.join('')}</svg>`
  }

  private add(part: string): void {
    this.parts.push(this.clipped ? `<g clip-path="url(#${this.clipped})">${part}</g>` : part)
  }

  private faint(): string {
    return this.globalAlpha < 1 ? ` opacity="${n(this.globalAlpha)}"` : ''
  }

  private filled(): string {
    return `fill="${attribute(String(this.fillStyle))}"${this.faint()}`
  }

  private stroked(): string {
    const dash = this.dash.length > 0 ? ` stroke-dasharray="${this.dash.join(' ')}"` : ''
    return `fill="none" stroke="${attribute(this.strokeStyle)}" stroke-width="${n(this.lineWidth)}" stroke-linejoin="${this.lineJoin}"${dash}${this.faint()}`
  }

  private lettered(): string {
    const anchor = { right: 'end', end: 'end', center: 'middle', left: 'start', start: 'start' }[
      this.textAlign
    ]
    const [, weight = '400', size, family] = /^(?:(\d+) )?(\S+) (.*)$/.exec(this.font) ?? []
    return `text-anchor="${anchor}" font-weight="${weight}" font-size="${size ?? '11px'}" font-family="${attribute(family ?? 'sans-serif')}"`
  }
}

const n = (value: number): string => String(Number(value.toFixed(2)))
const escape = (text: string): string => text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`)
const attribute = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)
