/**
 * Eigenvectors of the `k` smallest eigenvalues of a symmetric matrix by cyclic Jacobi rotations (Golub and Van Loan,
 * section 8.5), in double precision.
 * @param matrix [n * n]
 * @returns k rows of length n, smallest eigenvalue first
 */
export function eigenvectors(matrix: ArrayLike<number>, k: number): number[][] {
  const n = Math.round(Math.sqrt(matrix.length))
  const a = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => matrix[i * n + j]!))
  const v = a.map((_, i) => a.map((_, j) => (i === j ? 1 : 0)))
  for (let sweep = 0; sweep < 50 && offDiagonal(a) > 1e-30 * norm(a); sweep++)
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, v, p, q)
  const order = a.map((_, i) => i).sort((i, j) => a[i]![i]! - a[j]![j]!)
  return order.slice(0, k).map((i) => v.map((row) => row[i]!))
}

const square = (sum: number, value: number): number => sum + value * value
const norm = (a: number[][]): number => a.flat().reduce(square, 0)
const offDiagonal = (a: number[][]): number =>
  a.flatMap((row, i) => row.filter((_, j) => i !== j)).reduce(square, 0)

/** Turns rows and columns p and q so that a[p][q] becomes 0. */
function rotate(a: number[][], v: number[][], p: number, q: number): void {
  const apq = a[p]![q]!
  if (apq === 0) return
  const theta = (a[q]![q]! - a[p]![p]!) / (2 * apq)
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1))
  const c = 1 / Math.hypot(t, 1)
  const s = t * c
  for (const row of [...a, ...v]) {
    const [x, y] = [row[p]!, row[q]!]
    row[p] = c * x - s * y
    row[q] = s * x + c * y
  }
  const [up, uq] = [a[p]!, a[q]!]
  for (let j = 0; j < a.length; j++) {
    const [x, y] = [up[j]!, uq[j]!]
    up[j] = c * x - s * y
    uq[j] = s * x + c * y
  }
}
