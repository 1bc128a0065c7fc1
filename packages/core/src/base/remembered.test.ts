import { expect, it } from "vitest";
import { remembered } from "./remembered.ts";

it("is made once for each object and argument, also where nothing comes of it", () => {
  const asked: string[] = [];
  const get = remembered((list: readonly number[], at: number) => {
    asked.push(`${list.join("")} ${at}`);
    return list[at];
  });
  const [a, b] = [
    [4, 5],
    [4, 5],
  ];
  expect([get(a, 1), get(a, 1), get(b, 1), get(a, 7), get(a, 7)]).toEqual([5, 5, 5, undefined, undefined]);
  expect(asked).toEqual(["45 1", "45 1", "45 7"]);
});
