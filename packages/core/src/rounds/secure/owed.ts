/** R1 for a secure round: the step that each site needs for its next statement, and the sum when it can be opened. */
import type { SiteName } from "../../base/ids.ts";
import type { SignedText } from "../../secagg/signed-text.ts";
import type { BlobRef } from "../events.ts";
import { waitedFor, type Dealt, type SecureParams, type SecureState, type Unmasking } from "./state.ts";

/** A step, without what is kept outside the state: parts of deals are cut by whoever holds the deals. */
export type Step =
  | { readonly phase: "roster"; readonly adverts: readonly SignedText[] }
  | { readonly phase: "shares"; readonly holder: number; readonly deals: readonly Dealt[] }
  | { readonly phase: "complaint"; readonly complaint: SignedText }
  | { readonly phase: "answer"; readonly answer: SignedText }
  | { readonly phase: "survivors"; readonly headers: readonly SignedText[] }
  | { readonly phase: "echoes"; readonly echoes: readonly SignedText[] };

export interface OweStep {
  readonly owe: "step";
  readonly site: SiteName;
  readonly round: number;
  readonly attempt: number;
  /** Names the step within the attempt. */
  readonly what: string;
  readonly step: Step;
}

export interface OweOpening {
  readonly owe: "open";
  readonly state: Unmasking;
  readonly releases: readonly { readonly site: SiteName; readonly release: BlobRef }[];
}

export function owedSteps(secure: SecureParams, state: SecureState): readonly (OweStep | OweOpening)[] {
  const { round, number } = state.attempt;
  const step = (site: SiteName, what: Step, detail = ""): OweStep => ({
    owe: "step",
    site,
    round,
    attempt: number,
    what: `${round}.${number} ${what.phase}${detail}`,
    step: what,
  });
  const waiting = waitedFor(state);
  switch (state.phase) {
    case "advertising":
      return [];
    case "dealing":
      return waiting.map((site) => step(site, { phase: "roster", adverts: state.adverts }));
    case "masking": {
      const holder = (site: SiteName): number => state.deals.find((dealt) => dealt.site === site)?.index ?? 0;
      const gone = new Set(state.attempt.dropped);
      return [
        ...waiting.map((site) => step(site, { phase: "shares", holder: holder(site), deals: state.deals })),
        ...state.complaints.flatMap(({ complainer, dealer, complaint, answer }) => {
          if (answer === null) return gone.has(dealer) ? [] : [step(dealer, { phase: "complaint", complaint }, ` ${complainer}`)];
          return waiting.includes(complainer) ? [step(complainer, { phase: "answer", answer }, ` ${dealer}`)] : [];
        }),
      ];
    }
    case "unmasking": {
      const { echoes, releases } = state;
      const { threshold } = secure.directory.numbers;
      const echoed = new Set(echoes.map(({ site }) => site));
      const headers = state.inputs.map(({ header }) => header);
      return [
        ...waiting.flatMap((site) => (echoed.has(site) ? [] : [step(site, { phase: "survivors", headers })])),
        ...waiting.flatMap((site) => (echoed.has(site) && echoes.length >= threshold ? [step(site, { phase: "echoes", echoes })] : [])),
        ...(releases.length >= threshold && releases.length > state.tried ? [{ owe: "open", state, releases } as const] : []),
      ];
    }
  }
}
