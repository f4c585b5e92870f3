import { readFileSync } from 'node:fs'

interface MetricCase {
  labels: number[]
  logits: number[]
  classes: number
  accuracy: number
  balancedAccuracy: number
  macroF1: number
  logLoss: number
  ece: number
  confusion: number[][]
}

/** Values of scikit-learn and scipy; `test/reference/evaluate.py` makes them. */
export const fixture = JSON.parse(
  readFileSync(new URL('../../reference/evaluate.json', import.meta.url), 'utf8'),
) as {
  metrics: Record<string, MetricCase>
  mcnemar: { onlyA: number; onlyB: number; p: number }[]
  holm: { p: number[]; adjusted: number[] }
  seeds: {
    a: number[]
    b: number[]
    mean: number
    low: number
    high: number
    t: number
    p: number
    wilcoxon: { statistic: number; p: number }
  }[]
  bootstrap: { classes: [number, number, number][]; low: number; high: number }
}
