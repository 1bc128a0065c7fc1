/** What a running agent tells whoever started it: lines on stdout with --json, bars and sentences in a terminal. */
import type { Code } from "@engraft/core/base/errors";
import type { Progress } from "@engraft/core/protocol/messages";

interface AboutAsk {
  readonly run: string;
  readonly round: number;
  readonly kind: "train" | "evaluate";
}

export type SecurePhase =
  | "advertised"
  | "dealt"
  | "complained"
  | "answered"
  | "masked"
  | "echoed"
  | "released"
  | "refused"
  | "done"
  | "dropped";

export type AgentEvent =
  | { readonly event: "online"; readonly site: string; readonly coordinator: string; readonly skewMs: number }
  | { readonly event: "offline"; readonly code: Code; readonly text: string; readonly retryMs: number }
  | { readonly event: "plan.offered"; readonly plan: string; readonly name: string; readonly version: number; readonly withdrawn: boolean }
  | { readonly event: "plan.unusable"; readonly code: Code; readonly text: string }
  | { readonly event: "approval.sent"; readonly plan: string; readonly decision: "approved" | "refused" }
  | { readonly event: "approval.recorded"; readonly plan: string; readonly decision: "approved" | "refused" }
  | ({ readonly event: "ask"; readonly rounds: number; readonly attempt: number | null } & AboutAsk)
  | ({ readonly event: "progress" } & Progress)
  | ({ readonly event: "update.sent"; readonly bytes: number; readonly again: boolean } & AboutAsk)
  | ({ readonly event: "evaluation.sent"; readonly again: boolean } & AboutAsk)
  | ({ readonly event: "declined"; readonly code: Code; readonly text: string } & AboutAsk)
  | ({ readonly event: "answer"; readonly outcome: "accepted" } & AboutAsk)
  | ({ readonly event: "refused"; readonly code: Code; readonly text: string } & AboutAsk)
  /** A statement of a secure round has left, or the round is over for this site. */
  | {
      readonly event: "phase";
      readonly run: string;
      readonly round: number;
      readonly attempt: number;
      readonly phase: SecurePhase;
      readonly bytes: number;
    }
  | {
      readonly event: "step.refused";
      readonly run: string;
      readonly round: number;
      readonly attempt: number;
      readonly step: string;
      readonly code: Code;
      readonly text: string;
    }
  | { readonly event: "restored"; readonly text: string }
  | { readonly event: "cancelled"; readonly run: string; readonly text: string }
  | { readonly event: "paused"; readonly paused: boolean };

export type Emit = (event: AgentEvent) => void;
