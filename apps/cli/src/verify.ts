/** `engraft verify`: reads the files, leaves the judgement to core, and says it. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { CODES, EngraftError } from "@engraft/core/base/errors";
import { PublicKey } from "@engraft/core/base/ids";
import { fingerprintWords } from "@engraft/core/crypto/identity";
import { readBundle } from "@engraft/core/provenance/bundle";
import { bad, type Check } from "@engraft/core/provenance/check";
import type { Provenance } from "@engraft/core/provenance/statement";
import { BUNDLE_FILE, claimedKey, verifyRelease, type ReleaseFiles, type Verified } from "@engraft/core/provenance/verify";
import { keyFlag } from "@engraft/runtime/audit-file";
import * as z from "zod";

export interface VerifyFlags {
  readonly key?: string;
  readonly sites?: string;
  readonly json?: boolean;
}

const SiteKeys = z.record(z.string(), PublicKey);

/** The exit code: 0 where everything holds under the pinned key, else that of `not-proven`. */
export async function verify(path: string, flags: VerifyFlags): Promise<number> {
  const { files, container } = await filesAt(path);
  const key = flags.key === undefined ? undefined : keyFlag(flags.key);
  const sites = flags.sites === undefined ? {} : parsed(SiteKeys, await jsonFile(flags.sites), `${flags.sites} is not {"site": "key"}`);
  const claimed = key ?? claimedKey(files);
  if (claimed === undefined)
    throw new EngraftError("not-proven", "Nothing here says where these files come from: there is no readable provenance.dsse.json.");
  const verified = verifyRelease(files, { coordinator: claimed, sites });
  const checks = [...container, ...verified.checks];
  const sound = checks.every(({ ok }) => ok);
  say({ checks, sound, pinned: key !== undefined, key: claimed, verified, json: flags.json === true });
  return sound && key !== undefined ? 0 : CODES["not-proven"].exit;
}

/** Of a zip or a folder; with what is wrong with the zip around them. Throws `not-found` and `bad-input`. */
async function filesAt(path: string): Promise<{ readonly files: ReleaseFiles; readonly container: readonly Check[] }> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new EngraftError("not-found", `There is no ${path}.`, { cause });
  });
  if (!found.isDirectory()) {
    const { files, exact } = readBundle(new Uint8Array(await readFile(path)));
    return {
      files,
      container: exact
        ? []
        : [bad("the zip file around the files", "Its own bookkeeping was changed; the files are looked at one by one.")],
    };
  }
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  const names = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(path, join(parentPath, name)).split(sep).join("/"))
    .filter((name) => name !== BUNDLE_FILE);
  const read = await Promise.all(names.map(async (name) => [name, new Uint8Array(await readFile(join(path, name)))] as const));
  return { files: new Map(read), container: [] };
}

async function jsonFile(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new EngraftError("bad-input", `${path} cannot be read as JSON.`, { cause });
  }
}

function parsed<S extends z.ZodType>(schema: S, value: unknown, otherwise: string): z.output<S> {
  const read = schema.safeParse(value);
  if (!read.success) throw new EngraftError("bad-input", `${otherwise}.`);
  return read.data;
}

interface Saying {
  readonly checks: readonly Check[];
  readonly sound: boolean;
  readonly pinned: boolean;
  readonly key: PublicKey;
  readonly verified: Verified;
  readonly json: boolean;
}

function say({ checks, sound, pinned, key, verified: { provenance }, json }: Saying): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ ok: sound && pinned, sound, pinned, key, checks, provenance: provenance ?? null })}\n`);
    return;
  }
  const lines = checks.map(({ what, ok, text }) => `${ok ? "ok    " : "WRONG "} ${what}: ${text}`);
  const about = provenance === undefined ? [] : ["", ...aboutRelease(provenance)];
  process.stdout.write(`${[...lines, ...about, "", ...verdict(sound, pinned, key)].join("\n")}\n`);
}

function aboutRelease({ release, run, base, sites, rounds, aggregation }: Provenance): readonly string[] {
  const criteria = release.criteria.map(
    ({ metric, on, value, met }) => `${metric} (${on}) ${value?.toFixed(3) ?? "not measured"}: ${met ? "met" : "MISSED"}`,
  );
  return [
    `${release.name} ${release.version}, released by ${release.by} on ${new Date(release.at).toISOString().slice(0, 10)}`,
    `from ${base.name} ${base.version} by the run ${run}: ${rounds.length} sums (${aggregation}) over ${sites.map(({ site }) => site).join(", ")}`,
    ...(release.round === undefined
      ? []
      : [`The checkpoint of round ${release.round}, not the run's last: measured on validation patients alone.`]),
    ...(criteria.length === 0 ? [] : [`Criteria: ${criteria.join("; ")}`]),
    ...(release.despite === null ? [] : [`Released despite a missed criterion: ${release.despite}`]),
  ];
}

function verdict(sound: boolean, pinned: boolean, key: PublicKey): readonly string[] {
  if (!sound) return ["NOT PROVEN. What is wrong is named above. Download the release again, or ask who gave it to you."];
  if (pinned) return ["PROVEN, under the key that you named."];
  return [
    `NOT PROVEN YET: it fits together, but anybody could have signed it. The key in it is ${key}.`,
    `In words: ${fingerprintWords(key).join(" ")}`,
    "Ask the coordinator's operator whether that is theirs, then verify again with --key.",
  ];
}
