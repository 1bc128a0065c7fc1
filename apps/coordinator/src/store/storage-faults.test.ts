import { EngraftError } from "@engraft/core/base/errors";
import { pino } from "pino";
import { beforeEach, describe, expect, it } from "vitest";
import { StorageFaults } from "./storage-faults.ts";

let changes = 0;
let now = 1000;
let faults: StorageFaults;
beforeEach(() => {
  [changes, now] = [0, 1000];
  faults = new StorageFaults({ now: () => now, log: pino({ level: "silent" }), changed: () => (changes += 1) });
});

const failing = (error: Error) => async (): Promise<never> => {
  throw error;
};
const full = new EngraftError("disk-full", "No space left.");

describe("the list of storage faults", () => {
  it("[S10] names what stands still, since when, until the same work succeeds", async () => {
    await expect(faults.watch("heart.1", "combine", failing(full))).rejects.toBe(full);
    now = 2000;
    await expect(faults.watch("heart.1", "combine", failing(full))).rejects.toBe(full);
    expect(faults.list()).toEqual([{ run: "heart.1", code: "disk-full", text: "No space left.", since: 1000 }]);
    expect(changes).toBe(1);
    // Other work of the run, and the same of another run, say nothing of it.
    await faults.watch("heart.1", "ask", async () => undefined);
    await faults.watch("heart.2", "combine", async () => undefined);
    expect(faults.list()).toHaveLength(1);
    expect(await faults.watch("heart.1", "combine", async () => "done")).toBe("done");
    expect(faults.list()).toEqual([]);
    expect(changes).toBe(2);
  });

  it("[S12] takes what the system says of a file, and no other failure", async () => {
    const readOnly = Object.assign(new Error("EROFS: read-only file system"), { code: "EROFS" });
    await expect(faults.watch(null, "disk", failing(readOnly))).rejects.toBe(readOnly);
    expect(faults.list()).toMatchObject([{ run: null, code: "disk-fault" }]);
    await expect(faults.watch("heart.1", "answers", failing(new EngraftError("link-lost", "cut")))).rejects.toThrow("cut");
    await expect(faults.watch("heart.1", "answers", failing(new Error("a bug")))).rejects.toThrow("a bug");
    expect(faults.list()).toHaveLength(1);
  });

  it("forgets what an ended run waited for, and only that", async () => {
    for (const run of ["heart.1", "heart.10"]) await faults.watch(run, "ask", failing(full)).catch(() => undefined);
    faults.forget("heart.1");
    expect(faults.list()).toMatchObject([{ run: "heart.10" }]);
  });
});
