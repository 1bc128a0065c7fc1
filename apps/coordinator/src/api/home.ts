/** The first page: what needs somebody, then what runs, who is online, what was released, what happened. */
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
const SKEW_WARNED_MS = 60_000;

async function homeView(app: App): Promise<HomeView> {
  const { store, now } = app;
  const [all, sites, plans, releases, recent] = await Promise.all([
    runSummaries(app),
    siteViews(app),
    planSummaries(app),
    releaseViews(app, 3),
    store.prisma.audit.findMany({
      where: { action: { notIn: ["round.combined", "enrolment.refused"] } },
      orderBy: { seq: "desc" },
      take: RECENT,
    }),
  ]);
  const running = all.filter((run) => run.endedAt === null);
  return {
    needs: needs({ all, running, sites, plans, faults: app.faults.list(), now: now() }),
    running,
    sites,
    releases,
    recent: recent.map(storedAuditView),
  };
}

interface Facts {
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
  const skewed = sites.filter((site) => site.online && Math.abs(site.clockSkewMs ?? 0) > SKEW_WARNED_MS);
  return [
    ...faults.map((fault) => faultNeed(fault)),
    ...failed.map((run): NeedView => ({
      severity: "bad",
      what: `${run.run} failed.`,
      next: `${run.endText ?? ""} Start it again when the sites are back.`.trim(),
      button: "Look at the run",
      href: `/runs/${run.run}`,
    })),
    ...running
      .filter((run) => run.phase === "gathering" && offline.length > 0)
      .map((run): NeedView => ({
        severity: "warn",
        what: `${run.run} waits for sites to come online.`,
        next: `Offline: ${offline.map(({ name }) => name).join(", ")}. The round opens when they are back, or without them after the plan's waiting time.`,
        button: "Look at the run",
        href: `/runs/${run.run}`,
      })),
    ...newest.flatMap((plan) => planNeed(plan, running)),
    ...skewed.map((site): NeedView => ({
      severity: "warn",
      what: `The clock of ${site.name} is off by ${Math.round(Math.abs(site.clockSkewMs ?? 0) / 1000)} s.`,
      next: "Ask its IT to set the clock; deadlines are read against it.",
      button: "Look at the site",
      href: "/sites",
    })),
    ...(sites.length === 0
      ? [
          {
            severity: "info" as const,
            what: "No site has joined yet.",
            next: "Invite one; its IT department joins with one command.",
            button: "Invite a site",
            href: "/sites",
          },
        ]
      : []),
  ];
}

function faultNeed({ run, text }: StorageFault): NeedView {
  return {
    severity: "bad",
    what:
      run === null
        ? "The coordinator cannot store what it must."
        : `${run} stands still: the coordinator cannot store or read what it must.`,
    next: `${text} It goes on by itself once that is put right.`,
    button: run === null ? "Look at the runs" : "Look at the run",
    href: run === null ? "/runs" : `/runs/${run}`,
  };
}

function planNeed(plan: PlanSummary, running: readonly RunSummary[]): readonly NeedView[] {
  const href = `/plans/${plan.digest}`;
  const title = `${plan.name} v${plan.version}`;
  if (running.some((run) => run.plan.name === plan.name)) return [];
  const waiting = plan.sites - plan.approved - plan.refused;
  if (plan.approved < plan.needed) {
    return [
      {
        severity: waiting + plan.approved < plan.needed ? "bad" : "warn",
        what: `${title} needs ${plan.needed} approvals and has ${plan.approved}.`,
        next: `${waiting === 1 ? "1 site has" : `${waiting} sites have`} not decided, ${plan.refused} refused. A steward decides at the site with "engraft-site review".`,
        button: "Look at the plan",
        href,
      },
    ];
  }
  return plan.runs === 0
    ? [
        {
          severity: "info",
          what: `${title} is approved and can be started.`,
          next: "An admin starts the run.",
          button: "Start the run",
          href,
        },
      ]
    : [];
}

export const home = procedure.query(({ ctx }) => homeView(ctx.app));
