import { expect, it } from "vitest";
import { randomFrom, shuffle } from "./random.ts";

it("the same parts give the same sequence, other parts another", () => {
  const draws = (parts: readonly (string | number)[]): number[] => {
    const random = randomFrom(parts);
    return Array.from({ length: 50 }, () => random.below(2 ** 32));
  };
  expect(draws(["run.1", 3])).toEqual(draws(["run.1", 3]));
  expect(draws(["run.1", 3])).not.toEqual(draws(["run.1", "3"]));
  expect(new Set(draws(["run.1", 3])).size).toBe(50);
});

it("integers below a bound are equally frequent", () => {
  const random = randomFrom(["die"]);
  const counts = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < 60_000; i++) {
    const face = random.below(6);
    counts[face] = (counts[face] ?? 0) + 1;
  }
  const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
  // 5 degrees of freedom, p = 0.001; the seed is fixed, so this does not vary.
  expect(chiSquare).toBeLessThan(20.5);
});

it("a shuffle keeps every value and reaches every order", () => {
  const random = randomFrom(["cards"]);
  const orders = new Set<string>();
  for (let i = 0; i < 200; i++) {
    const values = Uint32Array.of(1, 2, 3);
    shuffle(values, random);
    orders.add(values.join());
  }
  expect([...orders].sort()).toEqual(["1,2,3", "1,3,2", "2,1,3", "2,3,1", "3,1,2", "3,2,1"]);
});
