/** `rotate-key`: this site gets another key, which the coordinator takes on the word of both (SPEC.md, J1 and J2). */
import { EngraftError } from "@engraft/core/base/errors";
import { fingerprintWords } from "@engraft/core/crypto/identity";
import { MEMBERSHIP_TYPES, Rotated } from "@engraft/core/protocol/membership";
import { crashPoint } from "@engraft/runtime/crash-point";
import { takeLock } from "@engraft/runtime/lock";
import { tellMembership } from "../link/membership.ts";
import { SiteAudit } from "../vault/audit.ts";
import { requireMembership, type Membership } from "../vault/federation.ts";
import { saveIdentity } from "../vault/identity.ts";
import { addKeyChange } from "../vault/key-history.ts";
import { findNextKey, forgetNextKey, nextKey, type NextKey } from "../vault/next-key.ts";
import { SecureJournal } from "../vault/secure/journal.ts";
import type { AddCommand } from "./command.ts";

export interface KeyRotated {
  readonly site: string;
  readonly words: readonly string[];
  /** True where a change that broke off was brought to its end. */
  readonly resumed: boolean;
}

interface RotateOptions {
  readonly home: string;
  readonly ca: string | undefined;
  readonly now: () => number;
}

/** Throws `locked` while the agent runs, and what the coordinator refuses; then the present key stays. */
export async function rotateKey({ home, ca, now }: RotateOptions): Promise<KeyRotated> {
  const lock = await takeLock(home, "site agent");
  try {
    const membership = await requireMembership(home);
    const { site } = membership.federation;
    const pending = await findNextKey(home);
    // Everything was done but the last line.
    if (pending !== undefined && pending.identity.publicKey === membership.identity.publicKey) {
      await enteredAnew(home, membership, pending, now);
      return { site, words: fingerprintWords(membership.identity.publicKey), resumed: true };
    }
    const next = await nextKey(home, membership, now());
    crashPoint("rotation.begun");
    const rotated = await ask(membership, next, ca, home);
    crashPoint("rotation.accepted");
    await closeOldLog(home, membership, next, now);
    await handOver(home, membership, next, now());
    await addKeyChange(home, { from: rotated.from, to: rotated.to, at: rotated.at, rotation: next.rotation });
    await saveIdentity(home, next.identity, next.seed);
    crashPoint("rotation.written");
    await enteredAnew(home, { ...membership, identity: next.identity }, next, now);
    return { site, words: fingerprintWords(next.identity.publicKey), resumed: next.resumed };
  } finally {
    await lock.release();
  }
}

async function ask({ identity, federation }: Membership, next: NextKey, ca: string | undefined, home: string): Promise<Rotated> {
  const body = JSON.stringify(next.rotation);
  const type = MEMBERSHIP_TYPES.rotated;
  const answer = await tellMembership({ federation, ca, path: "/rotate", body, type, schema: Rotated, key: identity.publicKey });
  if (answer.ok) {
    const { value } = answer;
    if (value.site === federation.site && value.from === identity.publicKey && value.to === next.identity.publicKey) return value;
    throw new EngraftError("bad-message", "The coordinator's answer is about another key. Nothing was changed here; tell the admin.");
  }
  // Refused for good or for now, nobody has taken the new key; only an answer that is lost is asked for again with the same one.
  if (!next.resumed || answer.code !== "unknown-key") await forgetNextKey(home);
  throw new EngraftError(answer.code, `${answer.text} The present key stays.`);
}

/** The old key signs where its log ends, and to which key it gave way. */
async function closeOldLog(home: string, membership: Membership, next: NextKey, now: () => number): Promise<void> {
  const audit = await SiteAudit.open(home, membership, now);
  const { site } = membership.federation;
  const detail = { from: membership.identity.publicKey, to: next.identity.publicKey };
  await audit.add({ actor: `site:${site}`, action: "key.given-up", subject: site, detail });
  await audit.close();
}

/** The journal of secure rounds goes on under the new key: what this site must never release again stays known. */
async function handOver(home: string, membership: Membership, next: NextKey, now: number): Promise<void> {
  const memory = await SecureJournal.peek(home);
  const owner = next.identity.publicKey;
  if (memory === undefined || memory.owner === null || memory.owner === owner) return;
  const { journal } = await SecureJournal.open(home, { owner: membership.identity.publicKey, now, decisions: () => Promise.resolve([]) });
  await journal.append({ owner });
  await journal.close();
}

async function enteredAnew(home: string, membership: Membership, next: NextKey, now: () => number): Promise<void> {
  const audit = await SiteAudit.open(home, membership, now);
  const { site } = membership.federation;
  const detail = { from: next.rotation.byOld.key, to: membership.identity.publicKey };
  await audit.add({ actor: `site:${site}`, action: "key.rotated", subject: site, detail });
  await audit.close();
  await forgetNextKey(home);
}

export const addRotateKey: AddCommand = (program, run) => {
  program
    .command("rotate-key")
    .description("Give this site another key, signed by the old one; the agent must be stopped. Secure plans need a new version after it")
    .option("--ca <file>", "trust this certificate authority too (PEM)")
    .action(
      run(async ({ config, print, now }) => {
        const rotated = await rotateKey({ home: config.home, ca: config.ca, now });
        print({ ...rotated }, wordsFor(rotated));
      }),
    );
};

const wordsFor = ({ site, words, resumed }: KeyRotated): string =>
  [
    resumed
      ? `The change of the key of ${site} that broke off is done.`
      : `${site} has a new key. The old one is gone and signs nothing any more.`,
    "",
    "Compare these words with the admin by phone. They must be the same on the coordinator's page of this site:",
    `  ${words.join(" ")}`,
    "",
    "What the old key signed stays valid: approvals, logs, releases. Secure plans name the old key in their directory, so they cannot go",
    "on: the admin proposes new versions, and the stewards of ALL their sites compare the 16 words of the directory again before they approve.",
    "",
    'Next: "engraft-site start".',
  ].join("\n");
