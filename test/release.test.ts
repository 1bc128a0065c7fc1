/** Models out: released by an admin, verified offline by somebody else, every changed byte found. */
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Check } from "@engraft/core/provenance/check";
import { readBundle } from "@engraft/core/provenance/bundle";
import { verifyRelease } from "@engraft/core/provenance/verify";
import { PublicKey } from "@engraft/core/base/ids";
import { numbers } from "../packages/core/src/base/numbers.fixture.ts";
import { run as runProgram } from "../tools/federation/program.ts";
import { Heart, shortPlan } from "./support/heart.ts";
import { findPython, requireOrSkip } from "./support/require.ts";

const SEED = Number(process.env["ENGRAFT_SEED"]);

describe.each(["secure", "plain"] as const)("a release of a %s run", (aggregation) => {
  let heart: Heart;
  let run = "";
  let dir = "";
  let key = "";
  let bundle: Uint8Array;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "engraft-release-"));
    heart = await Heart.start({
      aggregation,
      plan: (plan) => ({
        ...shortPlan(2)(plan),
        acceptance: [{ metric: "auroc", on: aggregation === "secure" ? "pooled" : "mean", limit: { atLeast: 0.99 } }],
      }),
    });
    run = await heart.startRun();
    await heart.untilPhase(run, "finished");
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

  const make = (...more: readonly string[]) =>
    heart.federation.coordinatorCommand("release", "make", run, "--name", `heart-${aggregation}`, "--as", "1.0", ...more);
  const verify = async (path: string, ...more: readonly string[]) => {
    const { code, result, stderr } = await runProgram("engraft", ["verify", path, "--json", ...more], {
      name: "verify",
      log: join(dir, "verify.log"),
    });
    return { code, stderr, checks: (result?.["checks"] ?? []) as readonly Check[], result };
  };

  it("[O7] a missed criterion of the plan keeps it back, unless somebody says why", async () => {
    const missed = await make();
    expect(missed.code).toBe(5);
    expect(missed.stderr).toMatch(/auroc at least 0\.99 .*it is 0\.\d+/);
    const made = await make("--notes", "A trial.", "--despite", "It is a test.");
    expect(made.code).toBe(0);
    const again = await make("--despite", "Once more.");
    expect(again.code).toBe(5);
    expect(again.stderr).toContain("A release never changes");
  });

  it("[O1] [O2] [O3] [O4] [O5] [O6] is proven offline under the coordinator's key alone", async () => {
    const out = join(dir, "files");
    await heart.federation.coordinatorCommandOk("release", "save", run, "--out", out);
    const path = join(out, "bundle.zip");
    bundle = new Uint8Array(await readFile(path));
    const unpinned = await verify(path);
    expect(unpinned.code).toBe(69);
    expect(unpinned.result).toMatchObject({ ok: false, sound: true, pinned: false });
    key = PublicKey.parse(unpinned.result?.["key"]);
    const proven = await verify(path, "--key", key);
    expect(proven.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(proven.code).toBe(0);
    expect(proven.result).toMatchObject({
      provenance: { release: { despite: "It is a test.", criteria: [{ metric: "auroc", met: false }] }, aggregation, run },
    });
    for (const site of heart.sites.map(({ site: name }) => name)) {
      expect(proven.checks.some(({ what }) => what === `the approval of ${site}`)).toBe(true);
      expect(proven.checks.some(({ what }) => what.startsWith("round 2") && what.endsWith(site))).toBe(true);
    }
    expect((await verify(out, "--key", key)).code).toBe(0);
    const sites = join(dir, "sites.json");
    await writeFile(sites, JSON.stringify({ cleveland: key }));
    const foreign = await verify(path, "--key", key, "--sites", sites);
    expect(foreign.code).toBe(69);
    expect(foreign.checks.filter(({ ok }) => !ok).map(({ what }) => what)).toEqual(["the key of cleveland"]);
  });

  it("[O2] [O8] 50 single bytes changed, anywhere: each is found, and named by the file it stands in", async () => {
    const random = numbers(SEED);
    const { files } = readBundle(bundle);
    for (let index = 0; index < 50; index++) {
      const changed = Uint8Array.from(bundle);
      const at = Math.floor(random() * changed.length);
      changed[at] = (changed[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      const path = join(dir, "changed.zip");
      await writeFile(path, changed);
      const answer = index < 5 ? await verify(path, "--key", key) : undefined;
      if (answer !== undefined) expect(answer.code, `byte ${at}`).not.toBe(0);
      const named = wrongIn(changed);
      expect(named.length, `byte ${at}`).toBeGreaterThan(0);
      const inside = [...files].find(([, bytes]) => within(bundle, bytes, at))?.[0];
      if (inside !== undefined)
        expect(
          named.some((what) => what.startsWith(inside)),
          `byte ${at}: ${named.join("; ")}`,
        ).toBe(true);
    }
  });

  requireOrSkip("Python with model_signing and pyOpenSSL", findPython("model_signing")).describe("OpenSSF's model signing", (python) => {
    it("[O2] verifies the same folder, and finds a changed file", async () => {
      const out = join(dir, "files");
      const verified = () =>
        spawnSync(
          python,
          [
            "-m",
            "model_signing",
            "verify",
            "key",
            "--signature",
            join(out, "model.sig"),
            "--public_key",
            join(out, "model-signing.pub.pem"),
            out,
          ],
          { encoding: "utf8" },
        );
      expect(verified()).toMatchObject({ status: 0 });
      const path = join(out, "plan.json");
      const text = await readFile(path, "utf8");
      await writeFile(path, text.replace("a", "b"));
      expect(verified().status).not.toBe(0);
      await writeFile(path, text);
      expect(verified().status).toBe(0);
    });
  });

  requireOrSkip("Python with pytest, cryptography and numpy", findPython("pytest", "cryptography", "numpy")).describe(
    "for Python",
    (python) => {
      it("lists, downloads, verifies and loads it (clients/python)", { timeout: 300_000 }, async () => {
        const clients = fileURLToPath(new URL("../clients/python", import.meta.url));
        const token = (await readFile(join(heart.federation.coordinatorDir, "operator.token"), "utf8")).trim();
        const tested = spawnSync(python, ["-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"], {
          cwd: clients,
          encoding: "utf8",
          env: {
            ...process.env,
            PYTHONPATH: clients,
            ENGRAFT_URL: heart.federation.url,
            ENGRAFT_TOKEN: token,
            ENGRAFT_RUN: run,
            ENGRAFT_KEY: key,
          },
        });
        expect(tested.status, `${tested.stdout}\n${tested.stderr}`).toBe(0);
      });
    },
  );

  const wrongIn = (bytes: Uint8Array): readonly string[] => {
    try {
      const { files, exact } = readBundle(bytes);
      const { checks } = verifyRelease(files, { coordinator: PublicKey.parse(key) });
      return [...(exact ? [] : ["the zip"]), ...checks.filter(({ ok }) => !ok).map(({ what }) => what)];
    } catch {
      return ["the zip cannot be read"];
    }
  };

  it("[O9] withdrawn, it is kept back and says why; whoever insists gets it with a warning", async () => {
    await heart.federation.coordinatorCommandOk("release", "withdraw", run, "--why", "Trained on too few.");
    const token = (await readFile(join(heart.federation.coordinatorDir, "operator.token"), "utf8")).trim();
    const get = (path: string, headers = {}) =>
      fetch(`${heart.federation.url}${path}`, { headers: { authorization: `Bearer ${token}`, ...headers } });
    const refused = await get(`/releases/${run}/bundle.zip`);
    expect(refused.status).toBe(412);
    expect(await refused.text()).toContain("Trained on too few.");
    const insisted = await get(`/releases/${run}/bundle.zip?withdrawn=yes`);
    expect(insisted.status).toBe(200);
    expect(decodeURI(insisted.headers.get("x-engraft-withdrawn") ?? "")).toBe("Trained on too few.");
    expect(new Uint8Array(await insisted.arrayBuffer())).toEqual(bundle);
    const tail = await get(`/releases/${run}/bundle.zip?withdrawn=yes`, { range: "bytes=100-" });
    expect(tail.status).toBe(206);
    expect((await tail.arrayBuffer()).byteLength).toBe(bundle.length - 100);
    await expect
      .poll(async () => {
        const listed = await (await heart.federation.api()).releases.list.query();
        return listed.find((one) => one.run === run)?.files.find(({ name }) => name === "bundle.zip")?.downloads;
      })
      .toBeGreaterThanOrEqual(3);
  });
});

/** Whether place `at` of the zip lies in these stored bytes. */
function within(zip: Uint8Array, bytes: Uint8Array, at: number): boolean {
  const start = Buffer.from(zip).indexOf(bytes);
  return start >= 0 && at >= start && at < start + bytes.length;
}
