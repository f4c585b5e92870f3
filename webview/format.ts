/** A measure as people read it: 0.015, 4.5e−4. */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return 'not measured'
  if (value === 0) return '0'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞'
  const size = Math.abs(value)
  const text =
    size >= 100
      ? value.toFixed(0)
      : size >= 10
        ? value.toFixed(1)
        : size >= 0.01
          ? value.toPrecision(2)
          : value.toExponential(1).replace('.0e', 'e')
  return text.replace('e+', 'e').replace(/-/g, '−')
}

export const fixed = (value: number, digits = 3): string => value.toFixed(digits).replace('-', '−')

/** Minutes and seconds, hours when there are any. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  const two = (x: number) => String(x).padStart(2, '0')
  const h = Math.floor(seconds / 3600)
  const m = Math.floor((seconds % 3600) / 60)
  return h > 0 ? `${h}:${two(m)}:${two(seconds % 60)}` : `${m}:${two(seconds % 60)}`
}

export const count = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString('en')} ${n === 1 ? one : many}`

/** At most so many characters, the last of them … when there were more. */
export const cut = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most - 1)}…` : text

/** The same from the end, which is what tells names of layers apart. */
export const cutStart = (text: string, most: number): string =>
  text.length > most ? `…${text.slice(1 - most)}` : text

export const percent = (share: number, digits = 0): string => `${(100 * share).toFixed(digits)} %`
