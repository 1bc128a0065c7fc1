/** What `doctor` looks at on this machine: enrolment, key, disk, memory, and what the agent and its people have left to do. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { vectorSizeOf } from "@engraft/core/models/analytic";
import { diskFinding, memoryFinding, nodeFinding, secretFinding } from "@engraft/runtime/doctor-checks";
import { ok, problem, warning, type Check, type Finding } from "@engraft/runtime/doctor";
import { lockHolder } from "@engraft/runtime/lock";
import { standingOf } from "../commands/review.ts";
import { readState, type AgentState } from "../state.ts";
import { listDecisions } from "../vault/decisions.ts";
import { requireMembership } from "../vault/federation.ts";
import { identityPath, loadIdentity } from "../vault/identity.ts";
import { pausedSince } from "../vault/participation.ts";
import { listPlans, type OfferedPlan } from "../vault/plans.ts";
import { VERSION } from "../version.ts";
import { targetOf, type Looking } from "./target.ts";

const MIB = 2 ** 20;
const LEAST_FREE = 64 * MIB;
const WANTED_FREE = 1024 * MIB;
/** Weights, a gradient, an optimiser's two moments, and room for activations. */
const MODELS_IN_MEMORY = 6;
/** Weights, checkpoints, an update and a masked vector. */
const MODELS_ON_DISK = 4;

export function checksHere(looking: Looking): readonly Check[] {
  const { home, invite } = looking;
  const machine: readonly Check[] = [{ name: "node", title: "Node", look: async () => nodeFinding(process.version) }];
  if (invite !== undefined) return machine;
  return [
    ...machine,
    { name: "enrolment", title: "Enrolment", look: () => enrolmentFinding(looking) },
    { name: "key", title: "Site's key", needs: ["enrolment"], look: () => keyFinding(home) },
    { name: "disk", title: "Disk", needs: ["enrolment"], look: async () => diskFinding(home, await spaceFor(home)) },
    { name: "memory", title: "Memory", look: async () => memoryFinding(process.availableMemory(), await memoryFor(home)) },
    { name: "agent", title: "Agent", needs: ["enrolment"], look: () => agentFinding(looking) },
    { name: "participation", title: "Participation", needs: ["enrolment"], look: () => pausedFinding(home) },
    { name: "plans", title: "Plans", needs: ["enrolment", "key"], look: () => plansFinding(home) },
  ];
}

async function enrolmentFinding(looking: Looking): Promise<Finding> {
  const { home } = looking;
  const there = await stat(home).catch(() => undefined);
  const next = 'Ask the federation\'s admin for an invite and run "engraft-site join <invite>", or name the right folder with --home.';
  if (there?.isDirectory() !== true) return problem("not-enrolled", `There is no folder ${home}.`, next);
  const enrolled = await stat(join(home, "federation.json")).catch(() => undefined);
  if (enrolled === undefined || (await stat(identityPath(home)).catch(() => undefined)) === undefined)
    return problem("not-enrolled", `There is no enrolled site in ${home}.`, next);
  const { url } = await targetOf(looking);
  return ok(`${home} belongs to the federation at ${url}`);
}

async function keyFinding(home: string): Promise<Finding> {
  const rights = await secretFinding(identityPath(home), "the site's key");
  if (rights.level !== "ok") return rights;
  await loadIdentity(home);
  return rights;
}

/** Plans that still count here; none where they cannot be read, which is another check's finding. */
const livePlans = async (home: string): Promise<readonly OfferedPlan[]> =>
  (await listPlans(home).catch(() => [])).filter(({ withdrawn }) => !withdrawn);

const largest = (plans: readonly OfferedPlan[], size: (offered: OfferedPlan) => number): number => Math.max(0, ...plans.map(size));

export const vectorBytes = ({ manifest, plan }: OfferedPlan): number => 4 * vectorSizeOf(plan, manifest).vectorLength;

async function spaceFor(home: string) {
  const model = largest(await livePlans(home), ({ manifest }) => manifest.weights.bytes);
  return { least: Math.max(LEAST_FREE, model * 2), wanted: Math.max(WANTED_FREE, model * MODELS_ON_DISK) };
}

const memoryFor = async (home: string): Promise<number> =>
  MODELS_IN_MEMORY * largest(await livePlans(home), ({ manifest }) => manifest.weights.bytes);

async function agentFinding({ home, now }: Looking): Promise<Finding> {
  const [holder, state] = await Promise.all([lockHolder(home), readState(home)]);
  if (holder === undefined)
    return warning(
      "agent-not-running",
      state === undefined ? "No agent has ever run here." : "No agent runs here now.",
      'Start it with "engraft-site start", and keep it running: the coordinator asks only sites that are online.',
    );
  const who = `The agent (process ${holder.pid ?? "unknown"} on ${holder.host})`;
  if (state === undefined) return ok(`${who} runs`);
  return runningFinding(who, state, now());
}

function runningFinding(who: string, state: AgentState, now: number): Finding {
  if (state.version !== VERSION)
    return warning(
      "agent-outdated",
      `${who} is of version ${state.version}, and version ${VERSION} is installed.`,
      "Start the agent again.",
    );
  if (state.restored !== null)
    return warning(
      "site-restored",
      `${who} found its folder to be an older copy: ${state.restored.why}.`,
      'Approve secure plans again with "engraft-site approve".',
    );
  if (state.online) return ok(`${who} is online since ${new Date(state.since).toISOString()}`);
  const why = state.reason === null ? "" : `: ${state.reason.text} (${state.reason.code})`;
  const minutes = Math.round((now - state.since) / 60_000);
  return warning(
    "agent-offline",
    `${who} runs, and is offline for ${minutes} min${why}`,
    "See the findings about the way to the coordinator below.",
  );
}

async function pausedFinding(home: string): Promise<Finding> {
  const since = await pausedSince(home);
  return since === undefined
    ? ok("This site takes part")
    : warning(
        "paused",
        `This site is paused since ${new Date(since).toISOString()}: it declines every ask.`,
        '"engraft-site resume" ends the pause, where its people agree.',
      );
}

async function plansFinding(home: string): Promise<Finding> {
  const membership = await requireMembership(home);
  const [plans, decisions] = await Promise.all([listPlans(home), listDecisions(home, membership)]);
  const standings = plans.map((offered) => ({
    offered,
    standing: standingOf(
      offered,
      decisions.find(({ approval }) => approval.plan === offered.digest),
    ),
  }));
  const waiting = standings.filter(({ standing }) => standing === "waiting").map(({ offered: { plan } }) => `${plan.name} ${plan.version}`);
  if (waiting.length > 0)
    return warning(
      "plans-waiting",
      `${waiting.length === 1 ? "A plan waits" : `${waiting.length} plans wait`} for the steward: ${waiting.join(", ")}.`,
      'Read with "engraft-site review" what would be trained, and approve or refuse it.',
    );
  const untold = decisions.filter(({ recorded }) => !recorded).length;
  if (untold > 0)
    return warning(
      "decision-not-sent",
      `The coordinator does not know ${untold} decision(s) of the steward yet.`,
      'The running agent sends them: keep "engraft-site start" running.',
    );
  const approved = standings.filter(({ standing }) => standing === "approved").length;
  return ok(plans.length === 0 ? "None has been offered yet" : `${approved} approved, none waits`);
}
