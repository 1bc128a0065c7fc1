/**
 * Symmetric positive definite systems by Cholesky's factorisation (Golub and Van Loan, "Matrix Computations", 4.2). In float64 and
 * in one fixed order of operations, so that equal sums give equal heads, to the bit, on every machine.
 */

/**
 * Solves A x = b. `lower`: A's lower triangle, row by row: A[i][j] at i (i + 1) / 2 + j. Both are overwritten, `b` by the solution.
 * Returns false where A is not positive definite in float64.
 */
export function solveInPlace(lower: Float64Array, b: Float64Array): boolean {
  return factor(lower, b.length) && substitute(lower, b);
}

const row = (i: number): number => (i * (i + 1)) / 2;

/** Row by row: every sum runs over two consecutive stretches of memory. */
function factor(lower: Float64Array, size: number): boolean {
  for (let i = 0; i < size; i++) {
    const at = row(i);
    for (let j = 0; j <= i; j++) {
      const other = row(j);
      let sum = lower[at + j] as number;
      for (let k = 0; k < j; k++) sum -= (lower[at + k] as number) * (lower[other + k] as number);
      if (j < i) lower[at + j] = sum / (lower[other + j] as number);
      else if (sum > 0 && Number.isFinite(sum)) lower[at + i] = Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}

function substitute(lower: Float64Array, b: Float64Array): boolean {
  for (let i = 0; i < b.length; i++) {
    let sum = b[i] as number;
    for (let k = 0; k < i; k++) sum -= (lower[row(i) + k] as number) * (b[k] as number);
    b[i] = sum / (lower[row(i) + i] as number);
  }
  for (let i = b.length - 1; i >= 0; i--) {
    let sum = b[i] as number;
    for (let k = i + 1; k < b.length; k++) sum -= (lower[row(k) + i] as number) * (b[k] as number);
    b[i] = sum / (lower[row(i) + i] as number);
  }
  return b.every(Number.isFinite);
}
