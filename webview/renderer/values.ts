import type { TableDisplay } from '../../src/extension/protocol'
import { fixed, number } from '../format'

type Kind = TableDisplay['columns'][number]['kind']

/** A value of a table as people read it. */
export function valueText(value: string | number | null | undefined, kind: Kind, digits?: number): string {
  if (value === null || value === undefined) return '–'
  if (typeof value === 'string') return value
  if (kind === 'percent') return `${fixed(100 * value, digits ?? 0)} %`
  if (kind === 'bytes') return bytes(value)
  if (digits !== undefined) return fixed(value, digits)
  return Number.isInteger(value) ? value.toLocaleString('en').replace('-', '−') : number(value)
}

/** 12.3 MB; a thousand each. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = value > 0 ? Math.min(units.length - 1, Math.floor(Math.log10(value) / 3)) : 0
  const size = value / 1000 ** power
  return `${power === 0 || size >= 100 ? size.toFixed(0) : size.toPrecision(3)} ${units[power]}`
}

/** 2.39 M, 61 k, 512: weights of a network. */
export function weights(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)} M`
  return value >= 1e4 ? `${Math.round(value / 1e3)} k` : value.toLocaleString('en')
}
