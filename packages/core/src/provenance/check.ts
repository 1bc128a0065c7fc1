/** One thing that was looked at in a release, and what came of it. */
export interface Check {
  /** For people: "the approval of va", "round 3, the masked vector of hungary". */
  readonly what: string;
  readonly ok: boolean;
  /** What was found, and where it is wrong what that means. */
  readonly text: string;
}

export const good = (what: string, text: string): Check => ({ what, ok: true, text });
export const bad = (what: string, text: string): Check => ({ what, ok: false, text });
