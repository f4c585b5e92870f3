/** Round steps for an axis of that many pixels. */
export function ticks(steps: number, pixels: number): number[] {
  const rough = Math.max(1, steps / Math.max(2, pixels / 56))
  const power = 10 ** Math.floor(Math.log10(rough))
  const unit = Math.max(1, [1, 2, 5, 10].map((k) => k * power).find((k) => k >= rough) ?? rough)
  const out: number[] = []
  for (let step = 0; step <= steps; step += unit) out.push(step)
  return out
}
