import { tf } from '../../src/engine/backend'

/** One op's share of a bench: milliseconds and calls of one run. */
export interface Share {
  op: string
  ms: number
  calls: number
}

/**
 * Where the time of a bench goes on the native back end: every call into the addon is timed, one run's mean over `runs`.
 * The last row is what passed outside of the addon, in JavaScript.
 */
export function profile(bench: () => unknown, runs = 5): Share[] {
  const backend = tf.backend() as unknown as { binding?: Record<string, unknown> }
  const { binding } = backend
  if (typeof binding?.executeOp !== 'function')
    throw new Error('only the native back end can be profiled by operation: --backends native')
  const shares = new Map<string, { ms: number; calls: number }>()
  let inside = 0
  // the addon's own object may be read-only: ours stands before it for as long as the profile is taken
  const timed: Record<string, unknown> = {}
  for (const name of Object.keys(binding)) {
    const call = binding[name]
    timed[name] =
      typeof call !== 'function'
        ? call
        : (...args: unknown[]) => {
            const began = performance.now()
            try {
              return call.apply(binding, args)
            } finally {
              const ms = performance.now() - began
              const op = name === 'executeOp' ? String(args[0]) : name
              const share = shares.get(op) ?? { ms: 0, calls: 0 }
              shares.set(op, { ms: share.ms + ms, calls: share.calls + 1 })
              inside += ms
            }
          }
  }
  bench()
  backend.binding = timed
  const began = performance.now()
  try {
    for (let i = 0; i < runs; i++) bench()
  } finally {
    backend.binding = binding
  }
  const all = performance.now() - began
  const rows = [...shares]
    .map(([op, { ms, calls }]) => ({ op, ms: ms / runs, calls: calls / runs }))
    .sort((a, b) => b.ms - a.ms)
  return [...rows, { op: 'outside of the addon', ms: (all - inside) / runs, calls: 0 }]
}
