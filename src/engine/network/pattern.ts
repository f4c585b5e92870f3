/** `*` matches any run of characters; a name without one also stands for all below it (`layer1` for `layer1.0.conv1`). */
export function patternMatcher(pattern: string): (name: string) => boolean {
  if (!pattern.includes('*')) return (name) => name === pattern || name.startsWith(`${pattern}.`)
  const parts = pattern.split('*')
  return (name) => {
    const [first, last] = [parts[0]!, parts.at(-1)!]
    if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length)
      return false
    // plain search, since a pattern turned into a regular expression can take exponential time
    let at = first.length
    for (const part of parts.slice(1, -1)) {
      const found = name.indexOf(part, at)
      if (found < 0) return false
      at = found + part.length
    }
    return at <= name.length - last.length
  }
}

/** What a pattern can name a layer by, parameters aside: its stage, its block (`stage3/block 1`) and itself. */
export function labelsOf({ stage, block, name }: { stage: string; block: string; name: string }): string[] {
  return [stage, ...(block ? [`${stage}/${block}`] : []), name]
}
