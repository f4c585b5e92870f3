import { ember, type Theme } from '../colour'
import { ALARM, columnsOf, fillsOf, HATCH, LEVELS, runsOf, SCALE, TRAINING } from './cells'
import type { MapPicture } from './draw'
import { SvgPen } from './svgPen'

interface Inks {
  hatch: CanvasPattern | string
  ember: string
  err: string
}

/** How much of its colour a cell of the declared map has. */
const DECLARED = 0.45

/** The cells of all rows: rectangles in a drawing, one picture of a pixel a cell on a canvas, which is far faster. */
export function drawCells(g: CanvasRenderingContext2D, p: MapPicture, inks: Inks): void {
  const { window } = p
  if (!window) return
  const columns = columnsOf(window, p.run.phases, p.axis, p.every, p.scale)
  const rows = p.groups.flatMap((group) => group.rows)
  const all = rows.map((row) => fillsOf(row, window, p.choice, p.run.phases, columns))
  const raster = g instanceof SvgPen ? undefined : rasterOf(p, all, columns, inks)
  rows.forEach((row, i) => {
    if (raster) {
      g.imageSmoothingEnabled = false
      g.drawImage(raster, 0, i, raster.width, 1, p.axis.left, row.y, raster.width / p.scale, row.height)
    }
    for (const { from, to, fill } of runsOf(all[i]!, columns)) {
      // the canvas has all but the hatch already
      if (raster && fill !== HATCH) continue
      g.globalAlpha = fill === TRAINING || fill === ALARM ? DECLARED : 1
      g.fillStyle =
        fill === HATCH
          ? inks.hatch
          : fill === TRAINING
            ? inks.ember
            : fill === ALARM
              ? inks.err
              : ember((fill - SCALE) / (LEVELS - 1), p.theme)
      g.fillRect(p.axis.left + from / p.scale, row.y, (to - from) / p.scale, row.height)
      g.globalAlpha = 1
    }
  })
}

/** One line of pixels a row, in the width of the axis. */
function rasterOf(
  p: MapPicture,
  all: readonly Uint16Array[],
  columns: ReturnType<typeof columnsOf>,
  inks: Inks,
): HTMLCanvasElement | undefined {
  const width = Math.round((p.axis.right - p.axis.left) * p.scale)
  if (all.length === 0 || width <= 0) return undefined
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = all.length
  const g = canvas.getContext('2d')
  if (!g) return undefined
  const image = g.createImageData(width, all.length)
  const pixels = new Uint32Array(image.data.buffer)
  const colours = coloursOf(p.theme, inks)
  all.forEach((fills, y) => {
    for (let c = 0; c < fills.length; c++) {
      const colour = colours[fills[c]!]!
      if (colour !== 0) pixels.fill(colour, y * width + columns.left[c]!, y * width + columns.right[c]!)
    }
  })
  g.putImageData(image, 0, 0)
  return canvas
}

/** Bytes of red, green, blue and alpha by fill; 0 is transparent. */
function coloursOf(theme: Theme, inks: Inks): Uint32Array {
  const pack = ([r, g, b]: readonly number[], alpha: number) =>
    ((Math.round(255 * alpha) << 24) | (b! << 16) | (g! << 8) | r!) >>> 0
  const colours = new Uint32Array(SCALE + LEVELS)
  colours[TRAINING] = pack(bytesOf(inks.ember), DECLARED)
  colours[ALARM] = pack(bytesOf(inks.err), DECLARED)
  for (let i = 0; i < LEVELS; i++) colours[SCALE + i] = pack(bytesOf(ember(i / (LEVELS - 1), theme)), 1)
  return colours
}

/** `#f2974b` or `rgb(242,151,75)`. */
function bytesOf(colour: string): number[] {
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/i.exec(colour)
  if (hex) return hex.slice(1, 4).map((part) => parseInt(part, 16))
  return (colour.match(/\d+/g) ?? ['0', '0', '0']).slice(0, 3).map(Number)
}
