/** A site's signed message as a command of the round machine. Pure. */
import { NOTHING_MEASURED } from "@engraft/core/aggregation/mean";
import type { Digest, SiteName } from "@engraft/core/base/ids";
import type { Message } from "@engraft/core/protocol/messages";
import type { Answer } from "./run-audit.ts";
import type { Statement } from "./step.ts";

export type AnswerMessage = Extract<Message, { type: "update" | "evaluation" | "decline" | "secagg.reply" }>;

export function commandOf(site: SiteName, message: AnswerMessage, { digest }: Statement, at: number): Answer {
  const statement = digest as Digest;
  if (message.type === "update") return { do: "update", at, site, statement, update: message.value, measure: NOTHING_MEASURED };
  if (message.type === "secagg.reply") return { do: "reply", at, site, statement, reply: message.value };
  if (message.type === "evaluation") return { do: "evaluation", at, site, statement, evaluation: message.value };
  return { do: "decline", at, site, decline: message.value };
}
