/** A release of an earlier checkpoint than the run's last: its own files and statement, with nothing of a later round in them. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import type { RunView } from "@engraft/core/rounds/view";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { run as runProgram } from "../tools/federation/program.ts";
import { Heart, shortPlan } from "./support/heart.ts";

describe.each(["plain", "secure"] as const)("an earlier checkpoint of a %s run", (aggregation) => {
  let heart: Heart;
  let run = "";
  let view: RunView;
  let dir = "";
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "engraft-earlier-"));
    heart = await Heart.start({
      aggregation,
      plan: (plan) => ({ ...shortPlan(3)(plan), acceptance: [{ metric: "auroc", on: "mean", limit: { atLeast: 0.01 } }] }),
    });
    run = await heart.startRun();
    view = await heart.untilPhase(run, "finished");
    const api = await heart.federation.api();
    const there = async (): Promise<void> => {
      if ((await api.runs.get.query({ run })).release === null) throw new Error("The run has no model yet.");
    };
    await vi.waitFor(there, { timeout: 30_000 });
  });
  afterAll(async () => {
    await heart?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const command = (...args: string[]) => heart.federation.coordinatorCommand("release", ...args);
  const make = (round: string, ...more: string[]) => command("make", run, "--name", "heart", "--as", "1.0", "--round", round, ...more);
  const digestOf = (round: number): string => view.rounds.find((one) => one.round === round)?.checkpoint?.digest ?? "";

  it("[O10] can be had as long as it is kept, and who asks for another is told which there are", async () => {
    const listed = await command("checkpoints", run);
    expect(listed.result).toMatchObject({ metric: "auroc", checkpoints: [{ round: 3 }, { round: 2 }, { round: 1 }] });
    expect((await make("9")).stderr).toContain("Round 9 of heart.1 wrote no checkpoint. There are those of the rounds 3, 2, 1.");
    const digest = digestOf(2);
    await rm(join(heart.federation.coordinatorDir, "blobs", "blobs", digest.slice(0, 2), digest));
    expect((await make("2")).stderr).toContain("was let go some time after the run's end. There are those of the rounds 3, 1.");
  });

  it("[O10] misses every criterion on test patients, whatever the last one reached", async () => {
    const missed = await make("1");
    expect(missed.code).toBe(5);
    expect(missed.stderr).toContain("auroc at least 0.01 as the sites' mean (not measured)");
    const made = await make("1", "--despite", "Later rounds learnt one hospital by heart.");
    expect(made.code).toBe(0);
    expect(made.result).toMatchObject({
      release: { round: 1, ofRounds: 3, rounds: 1, comparisons: [], checkpoint: { digest: digestOf(1) } },
    });
  });

  it("[O5] [O6] [O10] is proven by itself: its statement ends with its round, and its values are that checkpoint's", async () => {
    const out = join(dir, "files");
    expect((await command("save", run, "--out", out)).code).toBe(0);
    const { releases } = (await command("list")).result as { releases: readonly { readonly run: string; readonly key: string }[] };
    const key = releases.find((one) => one.run === run)?.key ?? "";
    const verified = await runProgram("engraft", ["verify", join(out, "bundle.zip"), "--json", "--key", key], {
      name: "verify",
      log: join(dir, "verify.log"),
    });
    expect(verified.result).toMatchObject({ ok: true, provenance: { release: { round: 1 }, checkpoint: digestOf(1) } });
    const { provenance } = verified.result as { provenance: { rounds: readonly { readonly round: number }[] } };
    expect(provenance.rounds.map(({ round }) => round)).toEqual([1]);
    const said = await runProgram("engraft", ["verify", out, "--key", key], { name: "verify", log: join(dir, "said.log") });
    expect(said.code).toBe(0);
    expect(JSON.stringify(said.stdout)).toContain("The checkpoint of round 1, not the run's last");
  });

  it("[O10] holds figures of validation patients alone, and of no later round", async () => {
    const lines = parse<{ readonly split: string; readonly round: string }>(await readFile(join(dir, "files", "metrics.csv"), "utf8"), {
      columns: true,
    });
    expect(new Set(lines.map(({ split }) => split))).toEqual(new Set(["validation"]));
    expect(new Set(lines.map(({ round }) => round))).toEqual(new Set(["0", "1"]));
    const card = await readFile(join(dir, "files", "MODEL_CARD.md"), "utf8");
    expect(card).toContain("This is the checkpoint of round 1 of 3: an admin chose it.");
    expect(card).toMatch(/\| site \| validation patients \| figure \| this model \|\n/);
    expect(card).toMatch(/\| `cleveland` \| \d+ \| auroc \| 0\.\d+ \(0\.\d+ to 0\.\d+\) \|/);
    const manifest = JSON.parse(await readFile(join(dir, "files", "manifest.json"), "utf8")) as {
      readonly version: string;
      readonly title: string;
    };
    expect(manifest).toMatchObject({ version: "1.1.1", title: expect.stringContaining("(heart.1, round 1)") });
  });
});
