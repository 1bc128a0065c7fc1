import { expect, it } from "vitest";
import { NEEDS } from "./procedures.ts";
import { appRouter } from "./router.ts";

it("the table of roles names exactly the procedures there are", () => {
  expect(Object.keys(appRouter._def.procedures).sort()).toEqual(Object.keys(NEEDS).sort());
});
