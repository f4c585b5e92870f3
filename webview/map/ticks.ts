/** Round steps for an axis of that many pixels, between `from` and `to`. */
export function ticks(to: number, pixels: number, from = 0): number[] {
  const rough = Math.max(1, (to - from) / Math.max(2, pixels / 56))
  const power = 10 ** Math.floor(Math.log10(rough))
  const unit = Math.max(1, [1, 2, 5, 10].map((k) => k * power).find((k) => k >= rough) ?? rough)
  const out: number[] = []
  for (let step = Math.ceil(from / unit) * unit; step <= to; step += unit) out.push(step)
  return out
}
