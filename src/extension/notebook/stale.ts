/** What is known of a code cell when it is asked whether its result still follows from what stands above. */
export interface CellFacts {
  /** `cell 2`. */
  label: string
  text: string
  /** Names that it declares at its top, and all that it mentions. */
  declares: ReadonlySet<string>
  mentions: ReadonlySet<string>
  /** Its last run in this window; absent: never. */
  run?: { order: number; text: string; kernel: number }
}

/**
 * Why each cell's result no longer follows from the cells above, in a few words; undefined where it does or where
 * nothing was run. Two cells hang together when they share a name that a cell of the notebook declares: whoever
 * mentions it may change what it holds (`session.step(10)`).
 * @param kernel number of the kernel process that is there now; results of an earlier one are stale
 */
export function staleReasons(cells: readonly CellFacts[], kernel: number): (string | undefined)[] {
  const declared = new Set(cells.flatMap((cell) => [...cell.declares]))
  const shares = (a: CellFacts, b: CellFacts): boolean =>
    [...b.mentions].some((name) => declared.has(name) && (a.declares.has(name) || a.mentions.has(name)))
  const reasons: (string | undefined)[] = []
  cells.forEach((cell, at) => {
    reasons.push(cell.run && reasonOf(cell, cell.run, at))
  })
  return reasons

  function reasonOf(cell: CellFacts, run: NonNullable<CellFacts['run']>, at: number): string | undefined {
    if (run.kernel !== kernel) return 'the kernel was restarted after this'
    if (run.text !== cell.text) return 'edited after it ran'
    for (let i = at - 1; i >= 0; i--) {
      const above = cells[i]!
      if (!shares(above, cell)) continue
      if (!above.run || above.run.kernel !== kernel) return `${above.label} has not run`
      if (above.run.text !== above.text) return `${above.label} was edited after this`
      if (above.run.order > run.order) return `${above.label} ran again after this`
      if (reasons[i] !== undefined) return `${above.label} is stale`
    }
    return reasonBelow(cell, run, at)
  }

  /** A cell below that ran before has left its traces, unless what they share was declared anew since. */
  function reasonBelow(cell: CellFacts, run: NonNullable<CellFacts['run']>, at: number): string | undefined {
    for (const below of cells.slice(at + 1)) {
      const before = below.run
      if (!before || before.kernel !== kernel || before.order > run.order) continue
      const names = [...cell.mentions].filter(
        (name) => declared.has(name) && below.mentions.has(name) && !cell.declares.has(name),
      )
      const touched = names.some((name) => {
        const origin = cells.slice(0, at).findLast((one) => one.declares.has(name))
        return origin?.run !== undefined && origin.run.order < before.order
      })
      if (touched) return `${below.label} ran before this`
    }
    return undefined
  }
}

/** Fields of run-file JSON that begin a session; see `runJsonCell` of the kernel. */
const BEGINS = ['model', 'data', 'strategy', 'train', 'backend', 'name', 'file']

/** Names of a cell of run-file JSON: the session that it begins or goes on with, what it makes, what it compares. */
export function namesOfJson(value: unknown): Pick<CellFacts, 'declares' | 'mentions'> {
  const cell = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  const text = (field: string, otherwise: string): string =>
    typeof cell[field] === 'string' ? cell[field] : otherwise
  const session = text('session', 'session')
  const made = 'at' in cell || 'fork' in cell ? [text('as', 'fork')] : []
  const begun = BEGINS.some((field) => field in cell) ? [session] : []
  const compared = Array.isArray(cell.compare) ? cell.compare.filter((one) => typeof one === 'string') : []
  return {
    declares: new Set([...begun, ...made]),
    mentions: new Set([session, ...made, ...compared]),
  }
}

/** All names that code mentions; members after a dot, plain strings and comments are none. */
export function mentionsOf(code: string): Set<string> {
  const bare = code
    .replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, ' ')
    .replace(/(?<!\.)\.\s*[A-Za-z_$][\w$]*|\$(?=\{)/g, ' ')
  return new Set(bare.match(/[A-Za-z_$][\w$]*/g) ?? [])
}
