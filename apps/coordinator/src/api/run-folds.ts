/**
 * Runs as lists and comparisons show them. Folding a long run takes a while, so what an ended run came to is kept: in
 * memory, and in tables that can be made again from the events at any time.
 */
import { EngraftError } from "@engraft/core/base/errors";
import { METRIC_NAMES } from "@engraft/core/models/metric-names";
import type { MetricName, Plan } from "@engraft/core/models/plan";
import { planValues } from "@engraft/core/models/plan-words";
import { isSecure, mainCurve } from "@engraft/core/rounds/main-curve";
import { withEvent, type RunView } from "@engraft/core/rounds/view";
import { storedPlan } from "../plans/stored-plan.ts";
import type { Plan as PlanRow, Run } from "../store/generated/client.ts";
import type { Store } from "../store/store.ts";
import type { CurveView, SettingsView } from "./curve-views.ts";
import type { RunSummary } from "./views.ts";

export type RunRow = Run & { readonly plan: PlanRow };

/** Raised with every change of what is kept: rows of another shape are made anew. */
const SHAPE = 2;
const MAX_REMEMBERED = 1000;
/** Six decimals: figures are shown to three. */
const rounded = (value: number): number => Math.round(value * 1e6) / 1e6;

const remembered = new WeakMap<Store, Map<string, RunSummary>>();
/** Folds of ended runs under way: lists that are asked for together wait for one. */
const making = new WeakMap<Store, Map<string, Promise<RunSummary | undefined>>>();

/** In the rows' order, without runs that have no event yet. */
export async function summariesOf(store: Store, rows: readonly RunRow[]): Promise<RunSummary[]> {
  const known = remembered.get(store) ?? new Map<string, RunSummary>();
  remembered.set(store, known);
  const ended = rows.filter(({ id, endedAt }) => endedAt !== null && !known.has(id)).map(({ id }) => id);
  const kept = ended.length === 0 ? [] : await store.prisma.runFold.findMany({ where: { run: { in: ended }, shape: SHAPE } });
  const stored = new Map(kept.map(({ run, summary }) => [run, summary as unknown as RunSummary]));
  const summaries: RunSummary[] = [];
  for (const row of rows) {
    const summary = known.get(row.id) ?? stored.get(row.id) ?? (await foldOnce(store, row));
    if (summary === undefined) continue;
    if (summary.endedAt !== null && known.size < MAX_REMEMBERED) known.set(row.id, summary);
    summaries.push(summary);
  }
  return summaries;
}

/** Curves of one metric, in the order of `rows`; `sites` are left out where nobody asked for them. */
export async function curvesOf(store: Store, rows: readonly RunRow[], metric: MetricName, withSites: boolean): Promise<CurveView[]> {
  // What is not kept yet is kept first.
  const ended = rows.filter(({ endedAt }) => endedAt !== null);
  await summariesOf(store, ended);
  const run = { in: ended.map(({ id }) => id) };
  const [kept, folds] = await Promise.all([
    store.prisma.runCurve.findMany({ where: { metric, run }, omit: { sites: !withSites } }),
    store.prisma.runFold.findMany({ where: { run, shape: SHAPE }, select: { run: true } }),
  ]);
  const isKept = new Set(folds.map((fold) => fold.run));
  const stored = new Map(kept.map((curve) => [curve.run, curve as unknown as CurveView]));
  const curves: CurveView[] = [];
  for (const row of rows) {
    const none: CurveView = { run: row.id, rounds: [], main: [], sites: [] };
    const curve = isKept.has(row.id) ? stored.get(row.id) : curveOf(await viewOf(store, row.id), metric);
    const { run, rounds, main, sites } = curve ?? none;
    curves.push({ run, rounds, main, sites: withSites ? sites : [] });
  }
  return curves;
}

interface Folded {
  readonly seq: number;
  readonly view: RunView | undefined;
}

/** Of runs that go on: lists are asked for after nearly every event, and only the events since are read again. */
const folding = new WeakMap<Store, Map<string, Folded>>();
const PAGE = 1000;

export async function viewOf(store: Store, run: string): Promise<RunView | undefined> {
  const known = folding.get(store) ?? new Map<string, Folded>();
  folding.set(store, known);
  const before = known.get(run);
  const folded = before === undefined ? fold({ seq: -1, view: undefined }, await store.events(run)) : await caughtUp(store, run, before);
  if (folded.view?.end === null) known.set(run, folded);
  else known.delete(run);
  return folded.view;
}

const fold = (from: Folded, events: Awaited<ReturnType<Store["events"]>>): Folded =>
  events.reduce<Folded>(({ view }, { seq, event }) => ({ seq, view: withEvent(view, event) }), from);

async function caughtUp(store: Store, run: string, before: Folded): Promise<Folded> {
  const events = await store.eventsAfter(before.seq, run, PAGE);
  const after = fold(before, events);
  return events.length < PAGE ? after : await caughtUp(store, run, after);
}

function foldOnce(store: Store, row: RunRow): Promise<RunSummary | undefined> {
  if (row.endedAt === null) return foldNow(store, row);
  const under = making.get(store) ?? new Map<string, Promise<RunSummary | undefined>>();
  making.set(store, under);
  const made = under.get(row.id) ?? foldNow(store, row).finally(() => under.delete(row.id));
  under.set(row.id, made);
  return made;
}

async function foldNow(store: Store, row: RunRow): Promise<RunSummary | undefined> {
  const view = await viewOf(store, row.id);
  if (view === undefined) return undefined;
  const summary = summaryOf(view, row.plan, storedPlan(row.plan.text));
  if (view.end !== null)
    await keep(store, view, summary).catch((error: unknown) => {
      // A full disk, or another coordinator that leads: what was asked for is known all the same.
      if (!(error instanceof EngraftError)) throw error;
    });
  return summary;
}

async function keep(store: Store, view: RunView, summary: RunSummary): Promise<void> {
  const { run } = view;
  const curves = METRIC_NAMES.flatMap((metric) => {
    const curve = curveOf(view, metric);
    return curve === undefined ? [] : [{ run, metric, rounds: [...curve.rounds], main: [...curve.main], sites: jsonOf(curve.sites) }];
  });
  await store.write(async (tx) => {
    await tx.runCurve.deleteMany({ where: { run } });
    await tx.runFold.deleteMany({ where: { run } });
    await tx.runCurve.createMany({ data: curves });
    await tx.runFold.create({ data: { run, shape: SHAPE, summary: jsonOf(summary) } });
    return { value: undefined, audit: [] };
  });
}

/** Prisma takes no readonly arrays. */
const jsonOf = (value: unknown): object => structuredClone(value) as object;

/** Undefined where the run has no figure of that metric. */
export function curveOf(view: RunView | undefined, metric: MetricName): CurveView | undefined {
  if (view === undefined) return undefined;
  const points = new Map(mainCurve(view, metric).map(({ round, value }) => [round, value]));
  const ofSites = new Map(view.curve.map(({ round, sites }) => [round, sites]));
  const rounds = [...new Set([...points.keys(), ...ofSites.keys()])].toSorted((a, b) => a - b);
  const sites = view.sites
    .map((site) => ({ site, values: rounds.map((round) => numberOrNull(ofSites.get(round)?.[site]?.values[metric]?.value)) }))
    .filter(({ values }) => values.some((value) => value !== null));
  if (points.size === 0 && sites.length === 0) return undefined;
  return { run: view.run, rounds, main: rounds.map((round) => numberOrNull(points.get(round))), sites };
}

const numberOrNull = (value: number | undefined): number | null => (value === undefined ? null : rounded(value));

function summaryOf(view: RunView, row: PlanRow, plan: Plan): RunSummary {
  const round = view.rounds.at(-1);
  const evaluating = view.phase === "evaluating" ? view.evaluation : null;
  const name = plan.rounds.stop?.metric ?? plan.metrics.names[0];
  const values = name === undefined ? [] : mainCurve(view, name).map(({ value }) => value);
  return {
    run: view.run,
    plan: { digest: row.digest, name: row.name, version: row.version },
    phase: view.phase,
    round: round?.round ?? 0,
    rounds: plan.rounds.count,
    cohort: (evaluating?.cohort ?? round?.cohort ?? view.sites).length,
    in: evaluating === null ? (round?.answers.length ?? 0) : view.comparisons.length,
    deadline: view.end !== null ? null : (evaluating?.deadline ?? (view.phase === "collecting" ? (round?.deadline ?? null) : null)),
    waitsFor: waitsFor(view),
    createdAt: view.createdAt,
    endedAt: view.end?.at ?? null,
    endText: view.end?.text ?? null,
    aggregation: isSecure(view) ? "secure" : plan.aggregation.method,
    metric: name === undefined || values.length === 0 ? null : { name, values },
  };
}

/** Under secure aggregation a site that has sent its vector is needed until the sum is open. */
function waitsFor({ phase, end, sites, leftOut, rounds, evaluation, comparisons }: RunView): readonly string[] {
  if (end !== null || phase === "combining") return [];
  if (phase === "gathering") return sites.filter((site) => !leftOut.some((left) => left.site === site));
  if (phase === "evaluating") {
    const done = new Set([...comparisons, ...(evaluation?.missed ?? [])].map(({ site }) => site));
    return (evaluation?.cohort ?? []).filter((site) => !done.has(site));
  }
  const round = rounds.at(-1);
  const done = new Set([...(phase === "collecting" ? (round?.answers ?? []) : []), ...(round?.dropped ?? [])].map(({ site }) => site));
  return (round?.cohort ?? []).filter((site) => !done.has(site));
}

/** The same in all versions of a plan, or said by the run's name already. */
const NO_SETTING = /^(?:name|version)$|^aggregation\.directory\b/;

export function settingsOf(rows: readonly RunRow[]): SettingsView {
  const plans = rows.map(({ plan }) => storedPlan(plan.text));
  const values = plans.map((plan) => planValues(plan));
  const paths = [...new Set(values.flatMap((each) => [...each.keys()]))].filter((path) => !NO_SETTING.test(path));
  return {
    runs: rows.map(({ id }) => id),
    metrics: METRIC_NAMES.filter((name) => plans.some(({ metrics }) => metrics.names.includes(name))),
    differences: paths
      .map((path) => ({ path, values: values.map((each) => each.get(path) ?? null) }))
      .filter((row) => new Set(row.values).size > 1),
  };
}
