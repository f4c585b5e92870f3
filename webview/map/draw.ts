import type { Axis } from '../axis'
import type { LayerWindow, Mark, PanelRun } from '../../src/extension/protocol'
import { cssColour, type Theme } from '../colour'
import { blockLabel, blocks, type Group } from './layout'
import { barLength, type Choice } from './measures'
import { drawCells } from './rows'
import { SvgPen } from './svgPen'
import { ticks } from './ticks'
import { cellAt, columnAt, greatest, spanOf, trainsAt } from './truth'

/** Everything a picture of the map depends on; the same picture for the same input. */
export interface MapPicture {
  run: PanelRun
  groups: Group[]
  window: LayerWindow | undefined
  choice: Choice
  marks: readonly Mark[]
  theme: Theme
  /** Steps done. */
  now: number
  every: number
  axis: Axis
  /** Tops of the phase track, the event track and the rows; bottom of the rows. */
  phases: number
  events: number
  top: number
  bottom: number
  scale: number
}

interface Inks {
  ice: string
  hatch: CanvasPattern | string
  ember: string
  fg: string
  dim: string
  bg: string
  edge: string
  err: string
  chosen: string
  font: string
}

export function drawMap(g: CanvasRenderingContext2D, picture: MapPicture): void {
  const inks = readInks(g, picture.scale)
  drawPhases(g, picture, inks)
  drawEvents(g, picture, inks)
  drawCells(g, picture, inks)
  for (const group of picture.groups) drawGroup(g, picture, group, inks)
  drawBars(g, picture, inks)
  drawAlarms(g, picture, inks)
  drawNow(g, picture, inks)
  drawAxis(g, picture, inks)
}

function readInks(g: CanvasRenderingContext2D, scale: number): Inks {
  const style = (name: string) => cssColour(name)
  return {
    ice: style('--ice'),
    hatch: g instanceof SvgPen ? 'url(#hatch)' : hatch(g, style('--ice-hatch'), scale),
    ember: style('--ember'),
    fg: style('--fg'),
    dim: style('--dim'),
    bg: style('--bg'),
    edge: style('--grid'),
    err: style('--err'),
    chosen: style('--chosen'),
    font: style('--ui'),
  }
}

const within = (axis: Axis, step: number): boolean => step >= axis.from && step <= axis.to

/** Diagonal lines: frozen, and did not move. */
export function hatch(g: CanvasRenderingContext2D, colour: string, scale: number): CanvasPattern | string {
  const tile = document.createElement('canvas')
  tile.width = tile.height = 6 * scale
  const t = tile.getContext('2d')
  if (!t) return colour
  t.scale(scale, scale)
  t.strokeStyle = colour
  t.lineWidth = 1
  t.beginPath()
  for (const offset of [-6, 0, 6]) {
    t.moveTo(offset - 1, 7)
    t.lineTo(offset + 7, -1)
  }
  t.stroke()
  const pattern = g.createPattern(tile, 'repeat')
  pattern?.setTransform(new DOMMatrix().scale(1 / scale))
  return pattern ?? colour
}

function text(
  g: CanvasRenderingContext2D,
  inks: Inks,
  label: string,
  x: number,
  y: number,
  options: { colour?: string; align?: CanvasTextAlign; bold?: boolean; halo?: boolean } = {},
): void {
  g.font = `${options.bold ? '600 ' : ''}11px ${inks.font}`
  g.textAlign = options.align ?? 'left'
  if (options.halo) {
    g.strokeStyle = inks.bg
    g.lineWidth = 4
    g.lineJoin = 'round'
    g.strokeText(label, x, y)
  }
  g.fillStyle = options.colour ?? inks.dim
  g.fillText(label, x, y)
}

function drawPhases(g: CanvasRenderingContext2D, p: MapPicture, inks: Inks): void {
  text(g, inks, 'Phase', 12, p.phases + 13)
  for (const phase of p.run.phases) {
    const x0 = Math.max(p.axis.left, p.axis.x(phase.from))
    const x1 = Math.min(p.axis.right, p.axis.x(Math.max(phase.to, phase.from)))
    const current = p.now >= phase.from && (p.now < phase.to || phase === p.run.phases.at(-1))
    if (x1 - x0 < 1) continue
    if (current) {
      g.fillStyle = inks.chosen
      g.fillRect(x0, p.phases, x1 - x0 - 1, 18)
    }
    g.strokeStyle = inks.edge
    g.lineWidth = 1
    g.strokeRect(x0 + 0.5, p.phases + 0.5, Math.max(1, x1 - x0 - 2), 17)
    g.save()
    g.beginPath()
    g.rect(x0, p.phases, x1 - x0 - 4, 18)
    g.clip()
    const label = `${phase.index + 1} ${phase.name}`
    text(g, inks, label, x0 + 6, p.phases + 13, { colour: current ? inks.fg : inks.dim, bold: current })
    g.restore()
  }
}

export function triangle(g: CanvasRenderingContext2D, x: number, y: number, colour: string): void {
  g.fillStyle = colour
  g.beginPath()
  g.moveTo(x, y - 5)
  g.lineTo(x + 5.5, y + 4.5)
  g.lineTo(x - 5.5, y + 4.5)
  g.closePath()
  g.fill()
}

function drawEvents(g: CanvasRenderingContext2D, p: MapPicture, inks: Inks): void {
  text(g, inks, 'Events', 12, p.events + 9)
  const y = p.events + 5
  const taken: [number, number][] = []
  const free = (from: number, to: number) => taken.every(([a, b]) => to < a || from > b)
  // alarms get their words first, then what a person did; a checkpoint says nothing and gives way
  const order = { alarm: 0, control: 1, checkpoint: 2 }
  for (const mark of [...p.marks].sort((a, b) => order[a.kind] - order[b.kind] || a.step - b.step)) {
    if (!within(p.axis, mark.step)) continue
    const x = p.axis.x(mark.step)
    if (!free(x - 5, x + 5)) continue
    drawMark(g, mark.kind, x, y, inks)
    g.font = `11px ${inks.font}`
    const width = g.measureText(mark.short).width
    const words = mark.short !== '' && free(x + 6, x + 12 + width)
    if (words) {
      const colour = mark.kind === 'alarm' ? inks.err : inks.dim
      text(g, inks, mark.short, x + 9, p.events + 9, { colour })
    }
    taken.push([x - 5, words ? x + 12 + width : x + 5])
  }
}

function drawMark(g: CanvasRenderingContext2D, kind: Mark['kind'], x: number, y: number, inks: Inks): void {
  if (kind === 'alarm') return triangle(g, x, y, inks.err)
  if (kind === 'checkpoint') return diamond(g, x, y, inks.dim)
  g.strokeStyle = inks.fg
  g.lineWidth = 1.3
  g.strokeRect(x - 3.5, y - 3.5, 7, 7)
}

function diamond(g: CanvasRenderingContext2D, x: number, y: number, colour: string): void {
  g.fillStyle = colour
  g.beginPath()
  g.moveTo(x, y - 4)
  g.lineTo(x + 4, y)
  g.lineTo(x, y + 4)
  g.lineTo(x - 4, y)
  g.fill()
}

function drawGroup(g: CanvasRenderingContext2D, p: MapPicture, group: Group, inks: Inks): void {
  drawStrip(g, p, group, inks)
  g.fillStyle = inks.bg
  group.rows.forEach((row, index) => {
    if (index > 0 && row.block !== group.rows[index - 1]!.block)
      g.fillRect(p.axis.left, row.y - 1, p.axis.right - p.axis.left, 1)
  })
  if (group.folded) {
    const n = group.layers.length
    text(g, inks, n === 1 ? '1 layer' : `${n} layers`, p.axis.left - 15, group.y + 13, { align: 'right' })
  } else {
    let free = -Infinity
    for (const block of blocks(group)) {
      // the stage's own name stands on the first line
      const y = block.middle + 4
      if (y < free) continue
      text(g, inks, blockLabel(block.label, group.stage), p.axis.left - 15, y, { align: 'right' })
      free = y + 12
    }
  }
  drawThaw(g, p, group, inks)
}

/** The strip above a stage is what was declared, plan included; the bar at its left is the state now. */
function drawStrip(g: CanvasRenderingContext2D, p: MapPicture, group: Group, inks: Inks): void {
  for (const phase of p.run.phases) {
    const trains = group.layers.some((index) => phase.declared[index]?.training)
    g.fillStyle = trains ? inks.ember : inks.ice
    const from = Math.max(p.axis.left, p.axis.x(phase.from))
    const to = Math.min(p.axis.right, p.axis.x(phase.to))
    if (to <= from) continue
    const middle = Math.min(Math.max(from, p.axis.x(p.now)), to)
    g.fillRect(from, group.y, middle - from, 3)
    g.globalAlpha = 0.4
    g.fillRect(middle, group.y, to - middle, 3)
    g.globalAlpha = 1
  }
  const training = trainsAt(p.run.phases, group.layers, Math.max(1, p.now))
  g.fillStyle = training ? inks.ember : inks.ice
  g.fillRect(p.axis.left - 9, group.y, 5, group.end - group.y)
  if (!training) {
    g.fillStyle = inks.bg
    g.fillRect(p.axis.left - 8, group.y + 1, 3, group.end - group.y - 2)
  }
}

/** Where a stage goes from frozen to training, said in words. */
function drawThaw(g: CanvasRenderingContext2D, p: MapPicture, group: Group, inks: Inks): void {
  const phases = [...p.run.phases].sort((a, b) => a.from - b.from)
  for (let i = 1; i < phases.length; i++) {
    const trains = (phase: (typeof phases)[number]) =>
      group.layers.some((index) => phase.declared[index]?.training)
    const before = trains(phases[i - 1]!)
    const after = trains(phases[i]!)
    if (before === after) continue
    const x = Math.round(p.axis.x(phases[i]!.from)) + 0.5
    if (x < p.axis.left || x > p.axis.right) continue
    g.strokeStyle = inks.fg
    g.lineWidth = 1.5
    g.beginPath()
    g.moveTo(x, group.y)
    g.lineTo(x, group.end)
    g.stroke()
    const label = `${after ? 'thaws' : 'freezes'} at ${phases[i]!.from}`
    if (!group.folded && x - p.axis.left > 80)
      text(g, inks, label, x - 6, group.y + 15, { align: 'right', colour: inks.fg, halo: true })
  }
}

function drawBars(g: CanvasRenderingContext2D, p: MapPicture, inks: Inks): void {
  text(g, inks, 'Moved so far', p.axis.right + 10, p.phases + 13)
  g.fillStyle = inks.edge
  g.fillRect(p.axis.right + 9, p.top, 1, p.bottom - p.top)
  const window = p.window
  if (!window) return
  const last = window.to.length - 1
  const alarmed = new Set(p.marks.filter((mark) => mark.kind === 'alarm').map((mark) => mark.layer))
  for (const group of p.groups)
    for (const row of group.rows) {
      const distance = greatest(window, 'distance', row.layers, last)
      if (!(distance > 0)) continue
      g.fillStyle = row.layers.some((index) => alarmed.has(index)) ? inks.err : inks.dim
      g.globalAlpha = 0.8
      g.fillRect(
        p.axis.right + 10,
        row.y + 1,
        barLength(distance) * (p.axis.width - p.axis.right - 22),
        row.height - 2,
      )
      g.globalAlpha = 1
    }
}

function drawAlarms(g: CanvasRenderingContext2D, p: MapPicture, inks: Inks): void {
  const first = new Map<number, number>()
  for (const mark of p.marks)
    if (mark.kind === 'alarm' && mark.layer !== undefined && !first.has(mark.layer))
      first.set(mark.layer, mark.step)
  for (const [layer, step] of first) {
    const row = p.groups.flatMap((group) => group.rows).find((one) => one.layers.includes(layer))
    if (!row) continue
    const x0 = Math.max(p.axis.left, p.axis.x(motionStart(p, layer, step)))
    const x1 = Math.min(p.axis.right, Math.max(x0 + 4, p.axis.x(p.now)))
    if (x1 <= x0) continue
    g.strokeStyle = inks.bg
    g.lineWidth = 4
    g.strokeRect(x0 - 1.5, row.y - 1.5, x1 - x0 + 3, row.height + 3)
    g.strokeStyle = inks.err
    g.lineWidth = 1.5
    g.strokeRect(x0 - 1.5, row.y - 1.5, x1 - x0 + 3, row.height + 3)
    triangle(g, p.axis.left - 68, row.y + row.height / 2, inks.err)
  }
}

/** Where the motion that an alarm tells of began: alarms come after the measure that saw it. */
function motionStart(p: MapPicture, layer: number, step: number): number {
  if (!p.window) return step - 1
  let column = columnAt(p.window, step)
  const moved = (at: number) => {
    const cell = cellAt(p.window!, 'updateRatio', p.run.phases, [layer], at)
    return cell.moved === true && !cell.declaredTraining
  }
  while (column > 0 && moved(column - 1)) column--
  return spanOf(p.window, column, p.every)[0]
}

function drawNow(g: CanvasRenderingContext2D, p: MapPicture, inks: Inks): void {
  const x = Math.round(p.axis.x(p.now)) + 0.5
  if (x >= p.axis.right || x < p.axis.left) return
  g.strokeStyle = inks.dim
  g.lineWidth = 1
  g.setLineDash([2, 2])
  g.beginPath()
  g.moveTo(x, p.top - 2)
  g.lineTo(x, p.bottom)
  g.stroke()
  g.setLineDash([])
  const tall = p.groups.find((group) => group.end - group.y > 24)
  if (p.axis.right - x > 70 && tall)
    text(g, inks, 'not yet run', (x + p.axis.right) / 2, tall.y + 18, { align: 'center', halo: true })
}

function drawAxis(g: CanvasRenderingContext2D, p: MapPicture, inks: Inks): void {
  const y = p.bottom + 4
  g.fillStyle = inks.dim
  for (const step of p.window?.to ?? []) if (within(p.axis, step)) g.fillRect(p.axis.x(step) - 0.5, y, 1, 3)
  text(g, inks, 'Step', 12, y + 16)
  for (const step of ticks(p.axis.to, p.axis.right - p.axis.left, p.axis.from))
    text(g, inks, step.toLocaleString('en'), p.axis.x(step), y + 16, { align: 'center' })
}
