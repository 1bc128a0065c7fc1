/** What a site sent, as a command to its run. */
import { NOTHING_MEASURED } from "@engraft/core/aggregation/mean";
import type { Digest, SiteName } from "@engraft/core/base/ids";
import type { Message } from "@engraft/core/protocol/messages";
import type { Command } from "@engraft/core/rounds/decide";

export type AnswerMessage = Extract<Message, { type: "update" | "evaluation" | "decline" | "secagg.reply" }>;

export type Answer = Extract<Command, { do: "update" | "evaluation" | "decline" | "reply" }>;

export const isAnswer = (command: Command): command is Answer =>
  command.do === "update" || command.do === "evaluation" || command.do === "decline" || command.do === "reply";

/** `statement`: digest of the signed message. */
export function answerCommand(site: SiteName, message: AnswerMessage, statement: Digest, at: number): Answer {
  if (message.type === "update") {
    return { do: "update", at, site, statement, update: message.value, measure: NOTHING_MEASURED };
  }
  if (message.type === "secagg.reply") return { do: "reply", at, site, statement, reply: message.value };
  if (message.type === "evaluation") return { do: "evaluation", at, site, statement, evaluation: message.value };
  return { do: "decline", at, site, decline: message.value };
}

/** The message itself, which names its run and round. */
function saidIn(command: Answer): AnswerMessage["value"] {
  switch (command.do) {
    case "update":
      return command.update;
    case "evaluation":
      return command.evaluation;
    case "decline":
      return command.decline;
    case "reply":
      return command.reply;
  }
}

export const runOf = (command: Answer): string => saidIn(command).run;

export const roundOf = (command: Answer): number => saidIn(command).round;

/** What was answered: an ask by its kind, a step of a secure attempt by its phase. */
export function kindOf(command: Answer): string {
  switch (command.do) {
    case "update":
      return "train";
    case "evaluation":
      return "evaluate";
    case "decline":
      return command.decline.kind;
    case "reply":
      return command.reply.phase;
  }
}
