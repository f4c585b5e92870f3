/** A last value beside its line. */
export interface Label {
  text: string
  y: number
  colour: string
}

/** Labels at least 13 px apart, none outside. */
export function apart(labels: Label[], height: number): Label[] {
  let floor = -2
  const sorted = [...labels]
    .sort((a, b) => a.y - b.y)
    .map((label) => {
      const y = Math.max(label.y, floor)
      floor = y + 13
      return { ...label, y }
    })
  const over = Math.max(0, (sorted.at(-1)?.y ?? 0) - height)
  return sorted.map((label) => ({ ...label, y: label.y - over }))
}
