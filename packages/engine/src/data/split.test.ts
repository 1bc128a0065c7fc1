import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { partOf } from "./split.ts";

const split = { salt: "salt", train: 0.5, validation: 0.2 };

it("[D3] follows from salt and patient id as documented", () => {
  const bytes = Buffer.from([4, 0, 0, 0, ...Buffer.from("salt"), 3, 0, 0, 0, ...Buffer.from("p17")]);
  const share = Number.parseInt(createHash("sha256").update(bytes).digest("hex").slice(0, 12), 16) / 2 ** 48;
  expect(partOf({ ...split, train: share + 1e-9 }, "p17")).toBe("train");
  expect(partOf({ ...split, train: share - 1e-9 }, "p17")).not.toBe("train");
  expect(partOf({ ...split, train: share / 2, validation: share / 2 - 1e-9 }, "p17")).toBe("test");
});

it("gives each part its share, and another salt another split", () => {
  const parts = Array.from({ length: 10_000 }, (_, index) => partOf(split, `p${index}`));
  const share = (part: string): number => parts.filter((its) => its === part).length / parts.length;
  expect(share("train")).toBeCloseTo(0.5, 1);
  expect(share("validation")).toBeCloseTo(0.2, 1);
  expect(share("test")).toBeCloseTo(0.3, 1);
  const others = Array.from({ length: 10_000 }, (_, index) => partOf({ ...split, salt: "other" }, `p${index}`));
  expect(others.filter((part, index) => part === parts[index]).length).toBeLessThan(5000);
});
