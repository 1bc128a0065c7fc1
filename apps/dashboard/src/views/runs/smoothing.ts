/**
 * Exponential moving average without the pull of its start (debiased: Kingma and Ba 2015, "Adam", section 3). `strength`: how much of the
 * average so far is kept in each step, from 0 (the values themselves) to below 1. Nulls stay null and move nothing.
 */
export function smoothed(values: readonly (number | null)[], strength: number): readonly (number | null)[] {
  let sum = 0;
  let weight = 0;
  return values.map((value) => {
    if (value === null) return null;
    sum = strength * sum + (1 - strength) * value;
    weight = strength * weight + (1 - strength);
    return sum / weight;
  });
}
