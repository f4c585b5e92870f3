/** The few functions used here; jstat comes without types. */
declare module 'jstat' {
  export const jStat: {
    normal: { inv(p: number, mean: number, std: number): number }
    studentt: { cdf(x: number, degrees: number): number; inv(p: number, degrees: number): number }
  }
}
