/** The first page: what needs somebody, then what runs, who is online, what was released, what happened. */
import { needText, type NeedAbout } from "@engraft/core/needs/words";
import type { App } from "../app.ts";
import type { StorageFault } from "../store/storage-faults.ts";
import { storedAuditView } from "./audit-words.ts";
import { planSummaries } from "./plans.ts";
import { procedure } from "./procedures.ts";
import { releaseViews } from "./releases.ts";
import { runSummaries } from "./runs.ts";
import { siteViews } from "./sites.ts";
import type { HomeView, NeedView, PlanSummary, RunSummary, SiteView } from "./views.ts";

const RECENT = 12;
const FAILED_SHOWN_MS = 7 * 86_400_000;

/** What `needs` looks at; alerts look at the same. */
export async function homeFacts(app: App): Promise<Facts> {
  const [all, sites, plans] = await Promise.all([runSummaries(app), siteViews(app), planSummaries(app)]);
  return { all, running: all.filter((run) => run.endedAt === null), sites, plans, faults: app.faults.list(), now: app.now() };
}

async function homeView(app: App): Promise<HomeView> {
  const [facts, releases, recent] = await Promise.all([
    homeFacts(app),
    releaseViews(app, 3),
    app.store.prisma.audit.findMany({
      where: { action: { notIn: ["round.combined", "enrolment.refused"] } },
      orderBy: { seq: "desc" },
      take: RECENT,
    }),
  ]);
  return { needs: needs(facts), running: facts.running, sites: facts.sites, releases, recent: recent.map(storedAuditView) };
}

export interface Facts {
  readonly all: readonly RunSummary[];
  readonly running: readonly RunSummary[];
  readonly sites: readonly SiteView[];
  readonly plans: readonly PlanSummary[];
  readonly faults: readonly StorageFault[];
  readonly now: number;
}

/** The worst first. */
export function needs({ all, running, sites, plans, faults, now }: Facts): NeedView[] {
  const rerun = (run: RunSummary): boolean => all.some((other) => other.plan.name === run.plan.name && other.createdAt > run.createdAt);
  const failed = all.filter((run) => run.phase === "failed" && run.endedAt !== null && now - run.endedAt < FAILED_SHOWN_MS && !rerun(run));
  const newest = plans.filter(
    (plan) => !plan.withdrawn && !plans.some((other) => other.name === plan.name && other.version > plan.version),
  );
  const offline = sites.filter((site) => !site.online);
  const skewed = sites.filter(({ cause }) => cause.code === "clock-wrong");
  return [
    ...faults.map(({ run, text }) =>
      need({ kind: "storage", run, text }, { key: run ?? "", severity: "bad", href: run === null ? "/runs" : `/runs/${run}` }),
    ),
    ...failed.map(({ run, endText }) =>
      need({ kind: "run-failed", run, text: endText ?? "" }, { key: run, severity: "bad", href: `/runs/${run}` }),
    ),
    ...running.flatMap((run) => awayNeeds(run, offline)),
    ...newest.flatMap((plan) => planNeed(plan, running)),
    ...skewed.map(({ name, clockSkewMs }) =>
      need(
        { kind: "clock", site: name, seconds: Math.round(Math.abs(clockSkewMs ?? 0) / 1000) },
        { key: name, severity: "warn", href: "/sites" },
      ),
    ),
    ...(sites.length === 0 ? [need({ kind: "no-site" }, { key: undefined, severity: "info", href: "/sites" })] : []),
  ];
}

type Placed = Pick<NeedView, "severity" | "href"> & {
  /** What tells causes of one kind apart. */
  readonly key: string | undefined;
};

function need(about: NeedAbout, { key, severity, href }: Placed): NeedView {
  const { what, next, button } = needText(about, "en");
  return { kind: about.kind, about, key: key === undefined ? about.kind : `${about.kind}:${key}`, severity, what, next, button, href };
}

/** Sites that a run needs now and that are offline: before a round it waits for all of them together. */
function awayNeeds({ run, phase, waitsFor }: RunSummary, offline: readonly SiteView[]): readonly NeedView[] {
  const away = offline.filter(({ name }) => waitsFor.includes(name)).map(({ name }) => name);
  const look = { severity: "warn", href: `/runs/${run}` } as const;
  if (phase !== "gathering") return away.map((site) => need({ kind: "site-away", run, site }, { ...look, key: `${run}:${site}` }));
  return away.length === 0 ? [] : [need({ kind: "run-waits", run, sites: away }, { ...look, key: run })];
}

function planNeed(
  { name, version, digest, sites, needed, approved, refused, undecided, runs, rotated }: PlanSummary,
  running: readonly RunSummary[],
): readonly NeedView[] {
  const plan = `${name} v${version}`;
  const at = { key: digest, href: `/plans/${digest}` };
  if (running.some((run) => run.plan.name === name)) return [];
  if (approved < needed) {
    const hopeless = sites - refused < needed && refused > 0;
    const kind = hopeless ? "plan-refused" : "approvals-missing";
    return [need({ kind, plan, needed, approved, refused, undecided }, { ...at, severity: hopeless ? "bad" : "warn" })];
  }
  return runs === 0 && rotated.length === 0 ? [need({ kind: "plan-approved", plan }, { ...at, severity: "info" })] : [];
}

export const home = procedure.query(({ ctx }) => homeView(ctx.app));
