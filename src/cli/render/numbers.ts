import type { Metrics } from '../../events'

/** `0.713`, or `-` when it is not known. */
export function share(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? '-' : value.toFixed(3)
}

/** `0.713 (0.661 to 0.762)`: balanced accuracy with its 95 % interval. */
export function accuracy(metrics: Pick<Metrics, 'balancedAccuracy' | 'low' | 'high'> | undefined): string {
  if (!metrics) return '-'
  const { balancedAccuracy, low, high } = metrics
  if (!Number.isFinite(low) || !Number.isFinite(high)) return share(balancedAccuracy)
  return `${share(balancedAccuracy)} (${share(low)} to ${share(high)})`
}

/** `+0.021 (-0.013 to +0.055)`: a difference with its 95 % interval. */
export function interval(value: number, low: number, high: number): string {
  const signed = (x: number) => `${x < 0 ? '-' : '+'}${Math.abs(x).toFixed(3)}`
  return `${signed(value)} (${signed(low)} to ${signed(high)})`
}

/** `0 %`, `0.04 %`, `12 %`, `100 %`; never rounds something to nothing, nor less than all to all. */
export function percent(part: number | undefined): string {
  if (part === undefined || !Number.isFinite(part)) return '-'
  if (part === 0) return '0 %'
  if (part === 1) return '100 %'
  const value = 100 * part
  if (value < 0.01) return '< 0.01 %'
  if (value > 99.9) return '> 99.9 %'
  return `${value < 1 ? value.toFixed(2) : value < 10 || value > 99 ? value.toFixed(1) : value.toFixed(0)} %`
}

/** `8 s`, `1 min 12 s`, `2 h 05 min`. */
export function duration(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return '-'
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`
}

/** `512 B`, `4.8 MB`. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = count
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]}`
}

/** A number of four significant digits, or its name when it is none (`NaN`, `Infinity`). */
export function number(value: number | undefined): string {
  if (value === undefined) return '-'
  if (!Number.isFinite(value)) return String(value)
  return value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5)
    ? value.toExponential(2)
    : String(Number(value.toPrecision(4)))
}

export function count(value: number, one: string, many = `${one}s`): string {
  return `${value} ${value === 1 ? one : many}`
}
