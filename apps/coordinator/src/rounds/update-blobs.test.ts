import type { Digest, RunId, SiteName } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import type { RunEvent } from "@engraft/core/rounds/events";
import { describe, expect, it } from "vitest";
import { UpdateBlobs } from "./update-blobs.ts";

const accepted = (site: string, digest: Digest): RunEvent => ({
  type: "update.accepted",
  at: 1,
  round: 1,
  site: site as SiteName,
  update: { digest, bytes: 8 },
  statement: digest,
  sampleCount: 1,
  validation: null,
  engine: "",
  seconds: { fetch: 0, train: 0 },
});
const written = (digest: Digest): RunEvent => ({ type: "checkpoint.written", at: 2, round: 1, checkpoint: { digest, bytes: 8 } });
const created = (start: Digest): RunEvent => ({
  type: "run.created",
  at: 0,
  run: "x.1" as RunId,
  plan: start,
  by: "",
  sites: [],
  approvals: [],
  manifest: { digest: start, bytes: 1 },
  weights: { digest: start, bytes: 1 },
  start: { digest: start, bytes: 8 },
});

function world(kept: readonly string[] = []) {
  const removed: string[] = [];
  const pending: (() => void)[] = [];
  const remove = (digest: string): Promise<void> => new Promise((resolve) => pending.push(() => resolve(void removed.push(digest))));
  return { updates: new UpdateBlobs({ remove }, kept), removed, finish: () => pending.splice(0).forEach((end) => end()) };
}

describe("updates", () => {
  it("are removed when their round has its checkpoint", async () => {
    const { updates, removed, finish } = world();
    await updates.hold(sha256("u"));
    updates.happened("x.1", accepted("anna", sha256("u")));
    finish();
    expect(removed).toEqual([]);
    updates.happened("x.1", written(sha256("c")));
    finish();
    expect(removed).toEqual([sha256("u")]);
  });

  it("stay where the server's state has the same bytes", async () => {
    const { updates, removed, finish } = world();
    await updates.hold(sha256("u"));
    updates.happened("x.1", accepted("anna", sha256("u")));
    const serverState = { digest: sha256("u"), bytes: 8 };
    updates.happened("x.1", { type: "checkpoint.written", at: 2, round: 1, checkpoint: { digest: sha256("c"), bytes: 8 }, serverState });
    finish();
    expect(removed).toEqual([]);
  });

  it("stay while another site or run counts the same bytes, and where they are a checkpoint as well", async () => {
    const { updates, removed, finish } = world([sha256("old checkpoint")]);
    for (const run of ["x.1", "y.1"]) {
      await updates.hold(sha256("same"));
      updates.happened(run, accepted("anna", sha256("same")));
    }
    updates.happened("x.1", written(sha256("c")));
    finish();
    expect(removed).toEqual([]);
    updates.happened("y.1", { type: "run.stopped", at: 3, by: "operator" });
    finish();
    expect(removed).toEqual([sha256("same")]);
    for (const checkpoint of ["old checkpoint", "c"]) {
      await updates.hold(sha256(checkpoint));
      updates.letGo(sha256(checkpoint));
      finish();
    }
    updates.happened("z.1", created(sha256("start")));
    await updates.hold(sha256("start"));
    updates.letGo(sha256("start"));
    finish();
    expect(removed).toEqual([sha256("same")]);
  });

  it("that come again while they are removed are waited for, so that they are fetched anew", async () => {
    const { updates, removed, finish } = world();
    await updates.hold(sha256("u"));
    updates.letGo(sha256("u"));
    let held = false;
    const again = updates.hold(sha256("u")).then(() => {
      held = true;
    });
    await Promise.resolve();
    expect(held).toBe(false);
    finish();
    await again;
    expect(removed).toEqual([sha256("u")]);
  });

  it("[S3] of a resumed run's earlier rounds are removed, those of the open one are kept", async () => {
    const { updates, removed, finish } = world();
    await updates.resume("x.1", [
      created(sha256("s")),
      accepted("anna", sha256("first")),
      written(sha256("c")),
      accepted("anna", sha256("second")),
    ]);
    finish();
    expect(removed).toEqual([sha256("first")]);
  });
});
