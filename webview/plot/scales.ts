import { number } from '../format'

/** From values to pixels, with ticks that people read. */
export interface Scale {
  at(value: number): number
  ticks: { value: number; text: string }[]
}

/** Powers of ten between two positive values, spread over the pixels; values beyond the ends stay at them. */
export function logScale(low: number, high: number, from: number, to: number): Scale {
  const a = Math.floor(Math.log10(low) + 1e-9)
  const b = Math.max(a + 1, Math.ceil(Math.log10(high) - 1e-9))
  const at = (value: number) => {
    const t = (Math.log10(value) - a) / (b - a)
    return from + Math.min(1, Math.max(0, t)) * (to - from)
  }
  // labels at least 40 pixels apart
  const every = Math.max(1, Math.ceil(((b - a) * 28) / Math.abs(to - from)))
  const ticks = []
  for (let power = a; power <= b; power += every) ticks.push({ value: 10 ** power, text: powerText(power) })
  return { at, ticks }
}

const powerText = (power: number): string =>
  power >= -4 && power <= 3 ? String(Number((10 ** power).toPrecision(1))) : number(10 ** power)

/** Round values from at most `low` to at least `high`. */
export function linearScale(
  low: number,
  high: number,
  from: number,
  to: number,
  text: (value: number) => string = (value) => String(Number(value.toPrecision(6))).replace('-', '−'),
): Scale {
  const length = high - low || Math.abs(high) || 1
  const unit = niceUnit(length, Math.max(2, Math.floor(Math.abs(to - from) / 32)))
  const first = Math.floor(low / unit + 1e-9)
  const last = Math.max(first + 1, Math.ceil(high / unit - 1e-9))
  const [a, b] = [first * unit, last * unit]
  return {
    at: (value) => from + ((value - a) / (b - a)) * (to - from),
    ticks: Array.from({ length: last - first + 1 }, (_, i) => (first + i) * unit).map((value) => ({
      value,
      text: text(value),
    })),
  }
}

/** 1, 2 or 5 times a power of ten, so that a length has at most so many of it. */
function niceUnit(length: number, most: number): number {
  const power = 10 ** Math.floor(Math.log10(length / most))
  return [1, 2, 5, 10].map((k) => k * power).find((unit) => length / unit <= most + 1e-9)!
}
