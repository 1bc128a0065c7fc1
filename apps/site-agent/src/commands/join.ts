/** `join <invite>`: makes the site's key here, enrols it, and pins the coordinator's. */
import { EngraftError } from "@engraft/core/base/errors";
import { fingerprintWords } from "@engraft/core/crypto/identity";
import { OtherUrls, readInvite, type Invite } from "@engraft/core/protocol/invite";
import { takeLock } from "@engraft/runtime/lock";
import { enrol } from "../link/enrol.ts";
import { routeTo, type Route } from "../link/proxy.ts";
import { addresses, loadFederation, saveFederation, type Federation } from "../vault/federation.ts";
import { ensureIdentity, loadIdentity } from "../vault/identity.ts";
import { VERSION } from "../version.ts";
import type { AddCommand } from "./command.ts";

export interface JoinResult {
  readonly site: string;
  readonly coordinator: string;
  /** Of this site's key, to be compared by phone. */
  readonly words: readonly string[];
  readonly coordinatorWords: readonly string[];
  /** True where the site was enrolled already and nothing changed. */
  readonly again: boolean;
}

/** Enrols this site. Throws with the code of whatever is wrong; nothing is pinned then. */
export async function join(options: {
  readonly home: string;
  readonly invite: string;
  readonly ca: string | undefined;
  /** Further addresses of the coordinator, beside those that the invite names. */
  readonly urls?: readonly string[];
  readonly now: () => number;
}): Promise<JoinResult> {
  const { home, ca, urls = [], now } = options;
  const read = readInvite(options.invite);
  if (!read.ok) throw new EngraftError(read.code, read.text);
  const { invite } = read;
  const known = addresses({ url: invite.url, otherUrls: [...(invite.otherUrls ?? []), ...checked(urls)] });
  const before = await enrolledBefore(home, invite, known);
  if (before !== undefined) return before;
  const lock = await takeLock(home, "site agent");
  try {
    const identity = await ensureIdentity(home);
    const answer = await enrolAtFirst(known, ca, (url, route) =>
      enrol({ invite: { ...invite, url }, identity, version: VERSION, route, at: now() }),
    );
    if (!answer.ok) throw new EngraftError(answer.code, `${answer.text}${nextStep(answer.code)}`);
    const { url, coordinator, site, id } = invite;
    await saveFederation(home, {
      url,
      ...(known.length > 1 && { otherUrls: known.slice(1) }),
      coordinator,
      site,
      invite: id,
      joinedAt: now(),
      ca: ca ?? null,
    });
    return resultOf(identity.publicKey, { url, coordinator, site }, answer.joined.again);
  } finally {
    await lock.release();
  }
}

/** Throws `bad-input`. */
function checked(urls: readonly string[]): readonly string[] {
  const read = OtherUrls.safeParse(urls.map((url) => url.replace(/\/+$/, "")));
  if (!read.success)
    throw new EngraftError("bad-input", "--url is an address such as https://second.example.org, given at most four times.");
  return read.data;
}

/** At the first address where a coordinator answers: of several all but one stand by. */
async function enrolAtFirst<T>(
  urls: readonly string[],
  ca: string | undefined,
  ask: (url: string, route: Route) => Promise<T>,
): Promise<T> {
  let away: unknown;
  for (const url of urls) {
    const route = await routeTo(url, ca);
    try {
      return await ask(url, route);
    } catch (error) {
      if (!(error instanceof EngraftError) || error.code !== "unreachable") throw error;
      away ??= error;
    }
  }
  throw away;
}

/** I4: the same invite again changes nothing but the addresses, and needs no connection; another federation or name needs another home. */
async function enrolledBefore(home: string, invite: Invite, known: readonly string[]): Promise<JoinResult | undefined> {
  const [federation, identity] = await Promise.all([loadFederation(home), loadIdentity(home)]);
  if (federation === undefined || identity === undefined) return undefined;
  if (federation.coordinator !== invite.coordinator || federation.site !== invite.site) {
    throw new EngraftError(
      "enrolled-elsewhere",
      `${home} belongs to site ${federation.site} of the federation at ${federation.url}. Give the new site a folder of its own with --home.`,
    );
  }
  if (federation.invite !== invite.id) return undefined;
  const more = addresses({ url: federation.url, otherUrls: [...(federation.otherUrls ?? []), ...known] });
  if (more.length > addresses(federation).length) {
    const { format: _, ...rest } = federation;
    await saveFederation(home, { ...rest, otherUrls: more.slice(1) });
  }
  return resultOf(identity.publicKey, federation, true);
}

const resultOf = (
  key: Parameters<typeof fingerprintWords>[0],
  { site, url, coordinator }: Pick<Federation, "site" | "url" | "coordinator">,
  again: boolean,
): JoinResult => ({ site, coordinator: url, words: fingerprintWords(key), coordinatorWords: fingerprintWords(coordinator), again });

function nextStep(code: string): string {
  const steps: Readonly<Record<string, string>> = {
    "invite-expired": " Ask the admin for a new invite.",
    "invite-used": " If this site did not use it, tell the admin at once; else ask for a new invite.",
    "invite-forged": " Ask the admin for the whole invite again, over a way you trust.",
    "name-taken": " Ask the admin for an invite with another name.",
  };
  return steps[code] ?? "";
}

export const addJoin: AddCommand = (program, run) => {
  program
    .command("join")
    .description("Enrol this site with the invite that the federation's admin sent")
    .argument("<invite>", "the whole line, starting with engraft-invite-1.")
    .option("--ca <file>", "trust this certificate authority too (PEM), and remember it")
    .option("--url <url...>", "further addresses of the coordinator, tried in turn; on a site that is enrolled they are added")
    .action(
      run(async ({ config, print, now }, invite: string, { url: urls = [] }: { readonly url?: readonly string[] }) => {
        const result = await join({ home: config.home, invite, ca: config.ca, urls, now });
        print({ ...result }, wordsFor(result));
      }),
    );
};

const wordsFor = ({ site, coordinator, words, coordinatorWords, again }: JoinResult): string =>
  [
    again
      ? `This site is enrolled already as ${site} at ${coordinator}; nothing changed.`
      : `Enrolled as ${site} at ${coordinator}. The key was made here and stays here.`,
    "",
    "Compare these words with the admin by phone. They must be the same on the coordinator's page of sites:",
    `  ${words.join(" ")}`,
    "And these, of the coordinator's key:",
    `  ${coordinatorWords.join(" ")}`,
    "",
    'Next: "engraft-site data add" to register a table, then "engraft-site start".',
  ].join("\n");
