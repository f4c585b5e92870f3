/** A last value beside its line. */
export interface Label {
  text: string
  y: number
  colour: string
}

/** Labels at least 13 px apart, none below `height`; `y` is where each would like to be. */
export function apart<T extends { y: number }>(labels: readonly T[], height: number, top = -2): T[] {
  let floor = top
  const sorted = [...labels]
    .sort((a, b) => a.y - b.y)
    .map((label) => {
      const y = Math.max(label.y, floor)
      floor = y + 13
      return { ...label, y }
    })
  // those that would stand too low give way upwards, and only they
  let ceiling = height
  return sorted
    .toReversed()
    .map((label) => {
      const y = Math.min(label.y, ceiling)
      ceiling = y - 13
      return { ...label, y }
    })
    .toReversed()
}
