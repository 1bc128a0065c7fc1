/**
 * `directory <plan>`: who the sites of a secure plan are, and the 16 words that stewards read to each other on a call. What
 * another steward read aloud is typed in and compared: a click that nobody thought about would be worth nothing.
 */
import { EngraftError, isRefusal } from "@engraft/core/base/errors";
import { fingerprintWords } from "@engraft/core/crypto/identity";
import { directoryWords, type Directory } from "@engraft/core/secagg/directory";
import { findCompared, markCompared } from "../vault/directories.ts";
import { requireMembership } from "../vault/federation.ts";
import { ownDirectory } from "../vault/own-directory.ts";
import { resolvePlan } from "../vault/plans.ts";
import type { AddCommand, CommandContext } from "./command.ts";

export const addDirectory: AddCommand = (program, run) => {
  program
    .command("directory")
    .description("Show who takes part in a secure plan, and compare its code with what another steward reads aloud")
    .argument("<digest>", "the plan's digest, or the first 6 digits or more")
    .option("--heard <words>", "the 16 words as another steward has read them to you")
    .option("--steward <name>", "who compared them")
    .action(run((context, plan: string, flags: { heard?: string; steward?: string }) => directoryCommand(context, plan, flags)));
};

async function directoryCommand(
  { config, print, now }: CommandContext,
  plan: string,
  { heard, steward }: { readonly heard?: string; readonly steward?: string },
): Promise<void> {
  const { home } = config;
  const membership = await requireMembership(home);
  const offered = await resolvePlan(home, plan);
  if (offered.plan.aggregation.method !== "secure") {
    throw new EngraftError(
      "bad-input",
      "This plan adds updates up in plain: it has no directory, and the coordinator can read each update.",
    );
  }
  const directory = ownDirectory(membership, offered.plan);
  if (isRefusal(directory)) throw new EngraftError(directory.code, directory.text);
  if (heard !== undefined) await compareDirectory(home, directory, heard, steward, now());
  const compared = await findCompared(home, directory.hash);
  const words = directoryWords(directory);
  const own = membership.federation.site;
  print(
    { directory: directory.hash, words, numbers: directory.numbers, sites: directory.sites, compared: compared !== undefined },
    directoryText(directory, words, own, compared?.steward, offered.digest),
  );
}

/** Throws `directory-wrong` where a word differs, and says which. */
export async function compareDirectory(
  home: string,
  directory: Directory,
  heard: string,
  steward: string | undefined,
  at: number,
): Promise<void> {
  if (steward === undefined || steward.trim() === "")
    throw new EngraftError("bad-input", "Say who compared the words with --steward NAME.");
  const own = directoryWords(directory);
  const given = heard
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== "");
  if (given.length !== own.length) {
    throw new EngraftError("bad-input", `The code has ${own.length} words; ${given.length} were given.`);
  }
  const wrong = own.findIndex((word, index) => given[index] !== word);
  if (wrong >= 0) {
    throw new EngraftError(
      "directory-wrong",
      `Word ${wrong + 1} differs. Read the code to each other once more; where it differs again, the coordinator shows you another directory than the other site. Do not approve the plan.`,
    );
  }
  await markCompared(home, { directory: directory.hash, steward: steward.trim(), at });
}

function directoryText(directory: Directory, words: readonly string[], own: string, steward: string | undefined, plan: string): string {
  const { sites, liars, threshold, minCohort } = directory.numbers;
  const names = directory.sites.map(({ site, operator, publicKey, withCoordinator }) => {
    const marks = [...(site === own ? ["this site"] : []), ...(withCoordinator ? ["run by the coordinator's operator"] : [])];
    return `  ${site.padEnd(20)}${operator.padEnd(30)}${fingerprintWords(publicKey).slice(0, 4).join(" ")}${marks.length === 0 ? "" : `   (${marks.join(", ")})`}`;
  });
  const rows = [0, 4, 8, 12].map(
    (at) =>
      `  ${words
        .slice(at, at + 4)
        .map((word, index) => `${String(at + index + 1).padStart(2)} ${word.padEnd(10)}`)
        .join("")}`,
  );
  return [
    `${sites} sites take part in this plan:`,
    ...names,
    `A sum is opened only where ${threshold} of them stand together, over at least ${minCohort} sites. ${sites - minCohort} may be missing. The sum stays safe while at most ${liars} of them work with the coordinator against the rest.`,
    "",
    "Code, to be read to the other stewards on a call while counting the hospitals present:",
    ...rows,
    "",
    steward === undefined
      ? `Not compared yet. Enter what another steward reads: engraft-site directory ${plan.slice(0, 12)} --heard "16 WORDS" --steward "NAME"`
      : `Compared by ${steward}.`,
  ].join("\n");
}
