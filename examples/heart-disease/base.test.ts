import { sha256 } from "@engraft/core/crypto/digest";
import { checkPlanAgainstBase } from "@engraft/core/models/plan";
import type { PublicKey, SiteName } from "@engraft/core/base/ids";
import { completeDraft } from "@engraft/core/models/plan-draft";
import { readPlan } from "@engraft/core/models/plan-digest";
import { Manifest } from "@engraft/core/models/manifest";
import { architectureOf } from "@engraft/engine/ir/architecture";
import { readWeights } from "@engraft/engine/import/base";
import { partOf } from "@engraft/engine/data/split";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { buildBase } from "./base-model.ts";
import { SPLIT } from "./definition.ts";
import { demoPlan, manifestText } from "./demo-plan.ts";
import { exampleFile, siteTable } from "./files.ts";

const kept = {
  manifest: readFileSync(exampleFile("base/manifest.json"), "utf8"),
  weights: readFileSync(exampleFile("base/weights.safetensors")),
  plan: readFileSync(exampleFile("plan.json"), "utf8"),
};
const folder = mkdtempSync(join(tmpdir(), "engraft-base-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("the base model", () => {
  it("is rebuilt bit for bit", async () => {
    const { manifest, weights } = await buildBase(siteTable("cleveland"));
    expect(sha256(weights)).toBe(sha256(kept.weights));
    expect(manifestText(manifest)).toBe(kept.manifest);
    expect(`${JSON.stringify(demoPlan(manifest), null, 2)}\n`).toBe(kept.plan);
  });

  it("depends on training patients only", async () => {
    const [header, ...rows] = readFileSync(siteTable("cleveland").path, "utf8").trimEnd().split("\n");
    const training = rows.filter((row) => partOf(SPLIT, row.split(",")[0] ?? "") === "train");
    expect(training.length).toBeLessThan(rows.length);
    const path = join(folder, "training.csv");
    writeFileSync(path, [header, ...training].join("\n"));
    const { weights } = await buildBase({ ...siteTable("cleveland"), path });
    expect(sha256(weights)).toBe(sha256(kept.weights));
  });

  it("fits its manifest, and the demo's plan fits both", () => {
    const manifest = Manifest.parse(JSON.parse(kept.manifest));
    architectureOf(manifest);
    expect(readWeights(manifest, kept.weights).size).toBe(manifest.tensors.length);
    const enrolled = ["aarau", "basel", "chur"].map((site) => ({ site: site as SiteName, publicKey: "A".repeat(43) as PublicKey }));
    const plan = readPlan(JSON.stringify(completeDraft(JSON.parse(kept.plan), enrolled)));
    if (!plan.ok) throw new Error(plan.text);
    expect(checkPlanAgainstBase(plan.plan, sha256(kept.manifest), manifest)).toEqual({ ok: true });
  });
});
