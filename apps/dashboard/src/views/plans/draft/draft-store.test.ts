import { readFileSync } from "node:fs";
import type { BaseView } from "@engraft/coordinator/api/views";
import { sha256 } from "@engraft/core/crypto/digest";
import { Manifest } from "@engraft/core/models/manifest";
import { describe, expect, it } from "vitest";
import { formFromBase } from "../form/plan-form.ts";
import { enrolledSites, securePlan } from "../form/sites.fixture.ts";
import { writtenFrom } from "../form/written-plan.ts";
import { draftKey, dropDraft, keepDraft, readDraft } from "./draft-store.ts";

const text = readFileSync(new URL("../../../../../../examples/heart-disease/base/manifest.json", import.meta.url));
const manifest = Manifest.parse(JSON.parse(text.toString("utf8")));
const base: BaseView = { digest: sha256(text), name: manifest.name, version: manifest.version, manifest, importedAt: 0 };
const sites = enrolledSites(4);
const written = writtenFrom(securePlan, base, sites);
const typed = { ...written, form: { ...written.form, purpose: "Half a sent" } };
const key = draftKey("ada", undefined);

function browser() {
  const kept = new Map<string, string>();
  return {
    kept,
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  };
}

describe("a kept draft", () => {
  it("is as it was typed, with what the form does not show, and since when", () => {
    const storage = browser();
    expect(keepDraft(storage, key, { written: typed, json: undefined }, 17)).toBe(true);
    expect(readDraft(storage, key, [base], sites)).toEqual({ at: 17, json: undefined, written: typed });
    const fresh = { form: formFromBase(base, sites), base, source: undefined, renewed: [] };
    keepDraft(storage, key, { written: fresh, json: "{ not yet" }, 18);
    expect(readDraft(storage, key, [base], sites)).toEqual({ at: 18, json: "{ not yet", written: fresh });
  });

  it("is of one account and one beginning, and gone once it is dropped", () => {
    const storage = browser();
    keepDraft(storage, key, { written: typed, json: undefined }, 17);
    for (const other of [draftKey("ben", undefined), draftKey("ada", "a".repeat(64))])
      expect(readDraft(storage, other, [base], sites)).toBeUndefined();
    dropDraft(storage, key);
    expect(storage.kept.size).toBe(0);
  });

  it("is let go where this form cannot show it", () => {
    const storage = browser();
    const broken = (change: (draft: Record<string, unknown>) => unknown) => {
      keepDraft(storage, key, { written: typed, json: undefined }, 17);
      storage.setItem(key, JSON.stringify(change(JSON.parse(storage.getItem(key) ?? "") as Record<string, unknown>)));
      return readDraft(storage, key, [base], sites);
    };
    expect(broken((draft) => draft)).toBeDefined();
    expect(broken((draft) => ({ ...draft, version: 0 }))).toBeUndefined();
    expect(broken((draft) => ({ ...draft, base: "0".repeat(64) }))).toBeUndefined();
    expect(broken((draft) => ({ ...draft, form: { ...typed.form, directory: "all" } }))).toBeUndefined();
    expect(broken((draft) => ({ ...draft, form: { ...typed.form, batch: 16 } }))).toBeUndefined();
    expect(broken((draft) => ({ ...draft, source: { format: "engraft.plan/1" } }))).toBeUndefined();
    expect(broken(() => "nothing")).toBeUndefined();
    storage.setItem(key, "{");
    expect(readDraft(storage, key, [base], sites)).toBeUndefined();
  });

  it("says where the browser keeps nothing", () => {
    const full = {
      ...browser(),
      setItem: () => {
        throw new Error("no room");
      },
    };
    expect(keepDraft(full, key, { written: typed, json: undefined }, 17)).toBe(false);
  });
});
