/** The message for a step that a site is owed. */
import type { RunId } from "@engraft/core/base/ids";
import type { SecaggStep } from "@engraft/core/protocol/messages";
import type { OweStep } from "@engraft/core/rounds/secure/owed";
import type { SecureParams, SecureState } from "@engraft/core/rounds/secure/state";
import { partText, type Kept } from "./kept.ts";

/** Undefined where the attempt has moved on meanwhile. */
export async function stepMessage(
  run: RunId,
  secure: SecureParams,
  state: SecureState,
  due: OweStep,
  kept: Kept,
): Promise<SecaggStep | undefined> {
  const { round, attempt, step } = due;
  const at = { run, round, attempt };
  switch (step.phase) {
    case "roster":
      return { ...at, phase: "roster", adverts: [...step.adverts] };
    case "shares": {
      if (state.phase === "advertising") return undefined;
      const deals = await kept.deals(secure.directory, state.roster, step.deals);
      return { ...at, phase: "shares", parts: deals.map(({ part }) => partText(part(step.holder))) };
    }
    case "complaint":
      return { ...at, phase: "complaint", complaint: step.complaint };
    case "answer":
      return { ...at, phase: "answer", answer: step.answer };
    case "survivors":
      return { ...at, phase: "survivors", headers: [...step.headers] };
    case "echoes":
      return { ...at, phase: "echoes", echoes: [...step.echoes] };
  }
}
