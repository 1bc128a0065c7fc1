/** What the demo needs to know of an example: its hospitals, its base and its plan. */
import type { Federation } from "../../tools/federation/federation.ts";

export interface ExampleSite {
  readonly site: string;
  /** The hospital's table; absent where its flags name a folder of recordings. */
  readonly file?: string;
  /** Of `engraft-site data add`. */
  readonly flags: readonly string[];
}

export interface Example {
  /** What is predicted, in a sentence. */
  readonly title: string;
  readonly sites: readonly ExampleSite[];
  /** The hospital whose agent dies once, just before its masked vector leaves: the hardest moment for the others. */
  readonly leaves: { readonly site: string; readonly round: number };
  /** Brings the base into the coordinator. */
  readonly importBase: (federation: Federation) => Promise<void>;
  /** Path of the plan's file; asked for once the base is there. `rounds` instead of its own number. */
  readonly planFile: (federation: Federation, rounds: number | undefined) => Promise<string>;
}
