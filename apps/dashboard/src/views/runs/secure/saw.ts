/**
 * Could the coordinator read a single update? Computed from what it recorded of a sum, in the way of the script that rebuilds
 * it: a vector's self mask falls with its seed, the mask between two sites with the mask key of either.
 */
import type { RoundRecordView } from "@engraft/coordinator/api/views";
import { numbersOf, type Numbers } from "@engraft/core/models/directory-numbers";
import type { Plan } from "@engraft/core/models/plan";
import { listed } from "../../../parts/figures.ts";
import { SAW_WORDS, type SawWords } from "../words/secure.ts";

/** Null under plain aggregation. */
export const planNumbers = ({ aggregation, cohort }: Plan): Numbers | null =>
  aggregation.method === "plain" ? null : numbersOf(aggregation.directory.length, cohort.minSites);

export interface SiteSaw {
  readonly site: string;
  /** Null for a site that is not in the sum. */
  readonly vector: { readonly digest: string; readonly bytes: number; readonly kept: boolean } | null;
  /** Who released a share of the secret behind its self mask, and of that behind its masks with others. */
  readonly seedFrom: readonly string[];
  readonly keyFrom: readonly string[];
  readonly readable: boolean;
}

export interface Saw {
  /** Sites whose single update the record gives away. */
  readonly readable: readonly string[];
  /** The smallest group of sites whose own sum can be computed. */
  readonly leastGroup: readonly string[];
  readonly sites: readonly SiteSaw[];
  readonly conditions: readonly { readonly holds: boolean; readonly title: string; readonly words: string }[];
}

export function sawOf(record: RoundRecordView, { threshold, minCohort }: Numbers, words: SawWords = SAW_WORDS.en): Saw {
  const { sites: inSum, masked, released } = record;
  const from = (kind: "seedsFor" | "keysFor", site: string): readonly string[] =>
    released.filter((one) => one[kind].includes(site)).map((one) => one.site);
  const rebuilt = (kind: "seedsFor" | "keysFor", site: string): boolean => from(kind, site).length >= threshold;
  // Where a site's mask key is known its masks with all others fall; among the rest every pair's mask still stands.
  const bare = inSum.filter((site) => rebuilt("keysFor", site));
  const hidden = inSum.filter((site) => !rebuilt("keysFor", site));
  const groups = [...bare.map((site) => [site]), ...(hidden.length === 0 ? [] : [hidden])];
  const open = groups.filter((group) => group.every((site) => rebuilt("seedsFor", site))).toSorted((a, b) => a.length - b.length);
  const single = open.filter((group) => group.length === 1).flat();
  const readable = [...new Set([...single, ...record.readable])];
  const everybody = [...new Set([...inSum, ...released.flatMap(({ seedsFor, keysFor }) => [...seedsFor, ...keysFor])])];
  const sites = everybody.map((site): SiteSaw => ({
    site,
    vector: masked.find((one) => one.site === site) ?? null,
    seedFrom: from("seedsFor", site),
    keyFrom: from("keysFor", site),
    readable: readable.includes(site),
  }));
  return { readable, leastGroup: open[0] ?? [], sites, conditions: conditionsOf(record, sites, minCohort, words) };
}

function conditionsOf(
  { sites: inSum, masked }: RoundRecordView,
  sites: readonly SiteSaw[],
  minCohort: number,
  words: SawWords,
): Saw["conditions"] {
  const vectors = inSum.filter((site) => masked.some((one) => one.site === site)).length;
  const both = sites.filter(({ seedFrom, keyFrom }) => seedFrom.length > 0 && keyFrom.length > 0).map(({ site }) => site);
  return [
    { holds: vectors === inSum.length, title: words.everyMasked, words: words.everyMaskedIs(vectors, inSum.length) },
    { holds: inSum.length >= minCohort, title: words.enough, words: words.enoughIs(inSum.length, minCohort) },
    {
      holds: both.length === 0,
      title: words.neverBoth,
      words: both.length === 0 ? words.oneKind(sites.length) : words.bothKinds(listed(both, words.and)),
    },
  ];
}

/** The answer in a sentence, for one round. */
export function sawWords(record: RoundRecordView, saw: Saw, words: SawWords = SAW_WORDS.en): string {
  const names = (some: readonly string[]): string => listed(some, words.and);
  if (saw.readable.length > 0) return words.takesOff(names(saw.readable));
  const gone = saw.sites.filter(({ vector }) => vector === null).map(({ site }) => site);
  const { leastGroup } = saw;
  const group = leastGroup.length === record.sites.length ? words.together(leastGroup.length) : names(leastGroup);
  return `${words.holdsVectors(record.masked.length, group)}${gone.length === 0 ? "" : words.gone(names(gone))}`;
}

/** What all records of a run say together. */
export interface Held {
  readonly records: readonly RoundRecordView[];
  /** How many sums the coordinator has opened, as far as the records are here. */
  readonly sums: number;
  /** Sites whose single update some record gives away. */
  readonly readable: readonly string[];
}

export const heldOf = (records: readonly RoundRecordView[], numbers: Numbers | null): Held => ({
  records,
  sums: records.length,
  readable: numbers === null ? [] : [...new Set(records.flatMap((record) => sawOf(record, numbers).readable))],
});
