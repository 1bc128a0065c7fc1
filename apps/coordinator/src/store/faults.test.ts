import { DriverAdapterError } from "@prisma/driver-adapter-utils";
import { expect, it } from "vitest";
import { faultOf, isTaken } from "./faults.ts";

const inPrisma = (code: string, cause: object): Error =>
  Object.assign(new Error("query"), { code, meta: { driverAdapterError: { cause } } });

it("[S4] a conflict is worth another try, whether a query fails of it or the commit", () => {
  expect(faultOf(inPrisma("P2034", { kind: "TransactionWriteConflict" }))).toBe("again");
  expect(faultOf(new DriverAdapterError({ kind: "TransactionWriteConflict" }))).toBe("again");
  expect(
    faultOf(
      new DriverAdapterError({
        kind: "postgres",
        code: "40P01",
        severity: "",
        message: "",
        detail: "",
        column: "",
        hint: "",
        originalCode: "40P01",
      }),
    ),
  ).toBe("again");
});

it("[S4] what another try would not mend is none", () => {
  expect(faultOf(new Error("anything"))).toBeUndefined();
  expect(faultOf("no error")).toBeUndefined();
  expect(faultOf(new DriverAdapterError({ kind: "TransactionAlreadyClosed", cause: "" }))).toBeUndefined();
  const taken = inPrisma("P2002", { originalCode: "23505", constraint: { fields: ['"run"', '"version"'] } });
  expect([faultOf(taken), isTaken(taken)]).toEqual(["version-taken", true]);
  expect(faultOf(inPrisma("P2002", { originalCode: "23505", constraint: { fields: ["digest"] } }))).toBeUndefined();
});
