/** `status`: what the agent does now, what waits for somebody, and what was refused. */
import { fingerprintWords } from "@engraft/core/crypto/identity";
import { listData } from "../data/registry.ts";
import { looksAlive, readState, type AgentState } from "../state.ts";
import { listDecisions } from "../vault/decisions.ts";
import { addresses, requireMembership } from "../vault/federation.ts";
import { pausedSince } from "../vault/participation.ts";
import { listPlans } from "../vault/plans.ts";
import { standingOf } from "./review.ts";
import type { AddCommand, CommandContext } from "./command.ts";

export const addStatus: AddCommand = (program, run) => {
  program
    .command("status")
    .description("Say what the agent does, what waits for a decision and what was refused")
    .action(run((context) => statusCommand(context)));
};

async function statusCommand({ config, print, now }: CommandContext): Promise<void> {
  const { home } = config;
  const membership = await requireMembership(home);
  const { site } = membership.federation;
  const url = addresses(membership.federation).join(" or ");
  const [state, plans, decisions, tables, paused] = await Promise.all([
    readState(home),
    listPlans(home),
    listDecisions(home, membership),
    listData(home),
    pausedSince(home),
  ]);
  const running = state !== undefined && looksAlive(state, now());
  const standings = plans.map((offered) => {
    const decision = decisions.find(({ approval }) => approval.plan === offered.digest);
    return {
      digest: offered.digest,
      name: offered.plan.name,
      version: offered.plan.version,
      standing: standingOf(offered, decision),
      recorded: decision?.recorded ?? false,
    };
  });
  const result = {
    site,
    coordinator: url,
    words: fingerprintWords(membership.identity.publicKey),
    running,
    paused: paused !== undefined,
    pausedSince: paused ?? null,
    state: state ?? null,
    plans: standings,
    data: tables.map(({ name }) => name),
  };
  const at = (time: number): string => new Date(time).toLocaleString("en-GB");
  print(
    result,
    [
      `Site         ${site} at ${url}`,
      `Key          ${result.words.join(" ")}`,
      `Agent        ${agentLine(state, running, at)}`,
      ...(paused === undefined ? [] : [`PAUSED       since ${at(paused)}; every ask is declined. "engraft-site resume" ends it.`]),
      ...(running ? workLines(state) : []),
      ...recentLines(state, at),
      `Tables       ${tables.length === 0 ? 'none; register one with "engraft-site data add"' : result.data.join(", ")}`,
      ...standings.map(
        ({ digest, name, version, standing, recorded }) =>
          `Plan         ${name} ${version} (${digest.slice(0, 12)}) ${standing === "waiting" ? 'WAITS for a decision: "engraft-site review"' : standing}${standing !== "waiting" && standing !== "withdrawn" && !recorded ? ", not yet known to the coordinator" : ""}`,
      ),
    ].join("\n"),
  );
}

function agentLine(state: AgentState | undefined, running: boolean, at: (time: number) => string): string {
  if (state === undefined) return 'has never run; "engraft-site start" starts it';
  if (!running)
    return `${state.stopped ? "stopped" : "gone without a word, last seen"} ${at(state.updatedAt)}; "engraft-site start" starts it`;
  const clock =
    state.skewMs !== null && Math.abs(state.skewMs) > 60_000
      ? `; its clock differs by ${Math.round(state.skewMs / 1000)} s from the coordinator's`
      : "";
  if (state.online) return `online since ${at(state.since)}${clock}`;
  return `offline since ${at(state.since)}${state.reason === null ? "" : `: ${state.reason.text} (${state.reason.code})`}`;
}

function workLines(state: AgentState | undefined): readonly string[] {
  if (state?.working === null || state === undefined) return ["Working      on nothing; waits to be asked"];
  const { run, round, phase, done, total } = state.working;
  return [`Working      ${run}, round ${round}: ${phase} ${total > 0 ? `${Math.round((100 * done) / total)} %` : ""}`];
}

function recentLines(state: AgentState | undefined, at: (time: number) => string): readonly string[] {
  if (state === undefined) return [];
  const { lastAnswer, lastRefusal, lastDecline } = state;
  const about = ({ run, round, kind }: { run: string; round: number; kind: string }): string =>
    `${run}, ${kind === "train" ? `round ${round}` : "evaluation"}`;
  return [
    ...(lastAnswer === null ? [] : [`Accepted     ${about(lastAnswer)}, ${at(lastAnswer.at)}`]),
    ...(lastRefusal === null
      ? []
      : [`Refused      ${about(lastRefusal)}, ${at(lastRefusal.at)}: ${lastRefusal.text} (${lastRefusal.code})`]),
    ...(lastDecline === null
      ? []
      : [`Declined     ${about(lastDecline)}, ${at(lastDecline.at)}: ${lastDecline.text} (${lastDecline.code})`]),
  ];
}
