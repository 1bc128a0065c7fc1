/** What the demo does, step by step, through the same commands and API that people use. */
import { randomBytes, createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import type { SiteMetrics } from "@engraft/core/models/metrics";
import { runView, type RunView } from "@engraft/core/rounds/view";
import { Federation, type Api } from "../../tools/federation/federation.ts";
import type { Example } from "./example.ts";
import type { Screen } from "./screen.ts";

const POLL_MS = 150;

/** 128 and the number of SIGKILL. */
const KILLED = 137;

export interface SiteResult {
  readonly site: string;
  readonly n: number;
  readonly base: Readonly<Record<string, number | readonly [number, number] | null>>;
  readonly alone: SiteResult["base"];
  readonly federated: SiteResult["base"];
}

export interface DemoResult {
  readonly rounds: number;
  readonly aggregation: string;
  readonly sites: readonly SiteResult[];
  /** Of all hospitals' patients together, out of the sum. */
  readonly pooled: Readonly<Record<"base" | "alone" | "federated", SiteResult["base"]>>;
  /** The agent that was killed after the masks were agreed, and who was in the sums of that round and the next. */
  readonly killed: {
    readonly site: string;
    readonly round: number;
    readonly inSum: readonly string[];
    readonly inNextSum: readonly string[];
  };
  readonly model: { readonly path: string; readonly sha256: string; readonly bytes: number };
  readonly seconds: { readonly total: number; readonly training: number; readonly coordinator: number };
}

export interface DemoOptions {
  readonly dir: string;
  readonly port: number;
  readonly rounds: number | undefined;
  readonly screen: Screen;
  readonly example: Example;
}

export async function runDemo(options: DemoOptions) {
  const started = performance.now();
  const { dir, port, rounds, screen, example } = options;
  const { sites, leaves } = example;
  const login = { email: "admin@demo.invalid", password: randomBytes(12).toString("base64url") };

  screen.step("Starting the coordinator and the dashboard");
  const federation = await Federation.start({ dir, port, dashboard: true });
  const api = await federation.api();
  await createFirstAdmin(federation, api, login);

  screen.step(`Enrolling ${sites.length} hospitals, each with its own keys and data; importing the base model`);
  await Promise.all([
    example.importBase(federation),
    ...sites.map(async ({ site, ...data }) => {
      await federation.enrol(site, data);
      const crash = site === leaves.site ? { ENGRAFT_CRASH_AT: `send.masked:${leaves.round}` } : {};
      screen.watch(site, await federation.startAgent(site, crash));
    }),
  ]);

  screen.step("Proposing the plan; stewards compare its directory by voice, and approve");
  const digest = await proposePlan(federation, await example.planFile(federation, rounds));
  const names = sites.map(({ site }) => site);
  await federation.compareAll(digest, names);
  await Promise.all(names.map((site) => federation.approve(site, digest, "--data", "main", "--site-metrics")));

  screen.step("Training together");
  const { run } = await api.runs.start.mutate({ plan: digest });
  const comesBack = federation.agents.get(leaves.site)?.exited.then(async (code) => {
    // Killed as planned, and not because the demo itself is being stopped.
    if (code !== KILLED) return;
    await untilSummed(api, run, leaves.round);
    screen.step(`${leaves.site} was killed in round ${leaves.round}, after the masks were agreed; the others go on, and it comes back`);
    await federation.startAgent(leaves.site);
  });
  const { view, release } = await watchRun(api, run, screen);
  await comesBack;

  screen.step("Downloading the model as a researcher would");
  const file = release.files.find(({ name }) => name === "model.safetensors");
  if (file === undefined) throw new EngraftError("not-found", "The release has no model.safetensors.");
  const model = await download(federation.url, file.url, join(dir, "model.safetensors"), login);
  if (model.sha256 !== file.sha256)
    throw new EngraftError("digest-mismatch", "The downloaded model does not have the digest that the coordinator names.");

  const result: DemoResult = {
    rounds: view.rounds.length,
    aggregation: release.aggregation,
    sites: view.comparisons
      .map(({ site, base, alone, federated }) => ({
        site,
        n: federated?.n ?? 0,
        base: figures(base),
        alone: figures(alone),
        federated: figures(federated),
      }))
      .sort((a, b) => (a.site < b.site ? -1 : 1)),
    pooled: pooledOf(view),
    killed: { ...leaves, inSum: inSum(view, leaves.round), inNextSum: inSum(view, leaves.round + 1) },
    model,
    seconds: { total: seconds(performance.now() - started), ...secondsOf(view) },
  };
  return { result, login, url: federation.url };
}

async function createFirstAdmin(federation: Federation, api: Api, login: { email: string; password: string }): Promise<void> {
  const token = new URL(federation.setupUrl ?? "about:blank").searchParams.get("token");
  if (token === null) throw new EngraftError("not-found", "The coordinator printed no link for its first admin.");
  await api.setup.createAdmin.mutate({ token, name: "Demo admin", ...login });
}

async function proposePlan(federation: Federation, path: string): Promise<string> {
  const { digest } = await federation.coordinatorCommandOk("plan", "propose", path);
  if (typeof digest !== "string") throw new EngraftError("plan-invalid", "The coordinator did not accept the demo's plan.");
  return digest;
}

/** The others go on without the killed agent; it is started again only then. */
async function untilSummed(api: Api, run: string, round: number): Promise<void> {
  for (;;) {
    const { events } = await api.runs.get.query({ run });
    const view = runView(events.map(({ event }) => event));
    if (view?.rounds.some((one) => one.round === round && one.sum !== null) === true || (view !== undefined && view.end !== null)) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function watchRun(api: Api, run: string, screen: Screen) {
  for (;;) {
    const detail = await api.runs.get.query({ run });
    const view = runView(detail.events.map(({ event }) => event));
    if (view !== undefined)
      screen.round(view.rounds.filter((round) => round.checkpoint !== null).length, detail.plan.rounds.count, view.phase);
    if (view?.phase === "finished" && detail.release !== null) return { view, release: detail.release };
    if (view?.phase === "failed" || view?.phase === "stopped")
      throw new EngraftError("training-failed", view.end?.text ?? "The run ended early.");
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function download(url: string, path: string, to: string, login: { email: string; password: string }) {
  const headers = { "content-type": "application/json", origin: url };
  const signedIn = await fetch(`${url}/api/auth/sign-in/email`, { method: "POST", headers, body: JSON.stringify(login) });
  if (!signedIn.ok) throw new EngraftError("not-signed-in", `The demo's login was refused (${signedIn.status}).`);
  const cookie = signedIn.headers
    .getSetCookie()
    .map((line) => line.split(";")[0])
    .join("; ");
  const response = await fetch(`${url}${path}`, { headers: { cookie } });
  if (!response.ok || response.body === null)
    throw new EngraftError("not-found", `The model could not be downloaded (${response.status}).`);
  const hash = createHash("sha256");
  const file = createWriteStream(to);
  let bytes = 0;
  for await (const chunk of response.body) {
    hash.update(chunk);
    bytes += chunk.byteLength;
    if (!file.write(chunk)) await once(file, "drain");
  }
  file.end();
  await once(file, "close");
  return { path: to, sha256: hash.digest("hex"), bytes };
}

function figures(metrics: SiteMetrics | null): SiteResult["base"] {
  const values: Record<string, number | readonly [number, number] | null> = {};
  for (const [name, estimate] of Object.entries(metrics?.values ?? {})) {
    values[name] = estimate?.value ?? null;
    values[`${name}Ci`] = estimate === null || estimate === undefined ? null : [estimate.low, estimate.high];
  }
  return values;
}

const inSum = (view: RunView, round: number): readonly string[] => view.rounds.find((one) => one.round === round)?.sum?.sites ?? [];

/** Values with the bounds that the summed histograms leave. */
function pooledOf(view: RunView): DemoResult["pooled"] {
  const pooled = view.evaluationRound?.sum?.pooled;
  const of = (model: "base" | "alone" | "federated"): SiteResult["base"] =>
    Object.fromEntries(
      Object.entries(pooled?.[model]?.values ?? {}).flatMap(([name, bounded]) => [
        [name, bounded?.value ?? null],
        [`${name}Bounds`, bounded === null || bounded === undefined ? null : [bounded.low, bounded.high]],
      ]),
    );
  return { base: of("base"), alone: of("alone"), federated: of("federated") };
}

/** Mean over the hospitals that report it; undefined where none does. */
export function meanAuroc(result: DemoResult, model: "base" | "alone" | "federated"): number | undefined {
  const values = result.sites.map((site) => site[model]["auroc"]).filter((value) => typeof value === "number");
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}

const seconds = (ms: number): number => Math.round(ms) / 1000;

/** `training`: each round's slowest site. `coordinator`: what the rounds took beyond that (wire, signatures, database, mean). */
function secondsOf(view: RunView): { readonly training: number; readonly coordinator: number } {
  let training = 0;
  let open = 0;
  for (const round of view.rounds) {
    training += 1000 * Math.max(0, ...round.answers.map((answer) => answer.seconds.train));
    open += (round.checkpoint?.at ?? round.openedAt) - round.openedAt;
  }
  return { training: seconds(training), coordinator: seconds(Math.max(0, open - training)) };
}
