/**
 * How sure a policy is, from a batch of drawn gates and likelier sides [n, l] and logits [n, l, 2]: the share of gates
 * that fell on the likelier side, and the mean entropy of a gate in bits.
 */
export function sureness(
  gates: ArrayLike<number>,
  certain: ArrayLike<number>,
  logits: ArrayLike<number>,
): { agreement: number; entropy: number } {
  let agreement = 0
  let entropy = 0
  for (let i = 0; i < gates.length; i++) {
    agreement += gates[i] === certain[i] ? 1 : 0
    const p = 1 / (1 + Math.exp(logits[2 * i]! - logits[2 * i + 1]!))
    for (const share of [p, 1 - p]) if (share > 0) entropy -= share * Math.log2(share)
  }
  return { agreement: agreement / gates.length, entropy: entropy / gates.length }
}
