import type { Range } from './axis'

/** A drag of more than a few pixels brushes steps; a press without one is a click. */
export function followPress(
  event: MouseEvent,
  stepAt: (clientX: number) => number,
  done: { brush(range: Range): void; click?(): void },
): void {
  if (event.button !== 0) return
  const began = stepAt(event.clientX)
  let dragged = false
  const move = (later: MouseEvent) => {
    if (Math.abs(later.clientX - event.clientX) > 3) dragged = true
    if (!dragged) return
    const [from, to] = [began, stepAt(later.clientX)].sort((a, b) => a - b) as [number, number]
    done.brush({ from: Math.floor(from), to: Math.max(Math.floor(from) + 1, Math.ceil(to)) })
  }
  const up = () => {
    removeEventListener('mousemove', move)
    removeEventListener('mouseup', up)
    if (!dragged) done.click?.()
  }
  addEventListener('mousemove', move)
  addEventListener('mouseup', up)
}
