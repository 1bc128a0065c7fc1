/** A history of ended runs, written straight into a coordinator's database while it is not running: events as it writes them itself. */
import { join } from "node:path";
import { openDatabase } from "@engraft/coordinator/store/open";

export interface History {
  /** The coordinator's folder; its program must have ended. */
  readonly coordinatorDir: string;
  /** Plans to take turns with: digest and name. */
  readonly plans: readonly { readonly digest: string; readonly name: string }[];
  readonly runs: number;
  readonly rounds: number;
  readonly sites: readonly string[];
}

const DIGEST = "ab".repeat(32);
const START = Date.parse("2026-01-05T08:00:00Z");
const HOUR = 3_600_000;
const ROUND_MS = 10_000;

/** Returns the runs' names, oldest first. Each was stopped after its last round; its AUROC rises with the rounds, each run by another rate. */
export async function writeHistory({ coordinatorDir, plans, runs, rounds, sites }: History): Promise<readonly string[]> {
  const database = await openDatabase({ dir: join(coordinatorDir, "db") });
  const names: string[] = [];
  try {
    for (let index = 0; index < runs; index++) {
      const plan = plans[index % plans.length];
      if (plan === undefined) throw new Error("no plan was given");
      const run = `${plan.name}.${1 + Math.floor(index / plans.length)}`;
      names.push(run);
      const at = START + index * HOUR;
      const end = at + rounds * ROUND_MS;
      await database.prisma.run.create({
        data: { id: run, planDigest: plan.digest, createdAt: new Date(at), endedAt: new Date(end), endPhase: "stopped" },
      });
      for (const [sql, ...values] of statements({ run, plan: plan.digest, at, end, rounds, sites, curve: index % 40 }))
        await database.prisma.$executeRawUnsafe(sql, ...values);
    }
  } finally {
    await database.close();
  }
  return names;
}

interface OneRun {
  readonly run: string;
  readonly plan: string;
  readonly at: number;
  readonly end: number;
  readonly rounds: number;
  readonly sites: readonly string[];
  /** Which course its figures take. */
  readonly curve: number;
}

/** A round is its opening, one update of each site, its closing and its checkpoint. */
function statements({ run, plan, at, end, rounds, sites, curve }: OneRun): readonly (readonly [sql: string, ...values: unknown[]])[] {
  const blob = { digest: DIGEST, bytes: 400 };
  const per = sites.length + 3;
  const cohort = JSON.stringify(sites);
  const created = {
    type: "run.created",
    at,
    run,
    plan,
    by: "admin:history",
    sites,
    approvals: [],
    manifest: blob,
    weights: blob,
    start: blob,
  };
  const one = `INSERT INTO event (run, version, body) VALUES ($1, $2::int, $3::jsonb)`;
  const each = (place: number, body: string): string =>
    `INSERT INTO event (run, version, body) SELECT $1, 2+(r-1)*${per}+${place}, ${body} FROM generate_series(1,$4::int) r`;
  const time = `$2::bigint+r*${ROUND_MS}`;
  return [
    [one, run, 1, JSON.stringify(created)],
    [
      each(0, `jsonb_build_object('type','round.opened','at',${time},'round',r,'cohort',$3::jsonb,'deadline',${time}+9000)`),
      run,
      at,
      cohort,
      rounds,
    ],
    [
      `INSERT INTO event (run, version, body)
       SELECT $1, 2+(r-1)*${per}+s, jsonb_build_object('type','update.accepted','at',${time}+s*100,'round',r,
         'site',$3::jsonb->(s-1),'update',$4::jsonb,'statement',$5::text,'sampleCount',100+s,
         'validation',jsonb_build_object('n',40+s,'positives',12,'values',jsonb_build_object('auroc',
           jsonb_build_object('value',v,'low',v-0.04,'high',least(1,v+0.04)))),
         'engine','cpu','seconds',jsonb_build_object('fetch',0.1,'train',1.5))
       FROM generate_series(1,$6::int) r, generate_series(1,$7::int) s,
         LATERAL (SELECT round((0.9 - 0.01*s - 0.002*$8::int%7 - 0.3*exp(-r/(5.0+$8::int)) + 0.01*sin(r*1.7+s*3+$8::int))::numeric, 6) v) f`,
      run,
      at,
      cohort,
      JSON.stringify(blob),
      DIGEST,
      rounds,
      sites.length,
      curve,
    ],
    [
      each(
        sites.length + 1,
        `jsonb_build_object('type','round.closed','at',${time}+9000,'round',r,'survivors',$3::jsonb,'reason','all-answered')`,
      ),
      run,
      at,
      cohort,
      rounds,
    ],
    [
      each(sites.length + 2, `jsonb_build_object('type','checkpoint.written','at',${time}+9500,'round',r,'checkpoint',$3::jsonb)`),
      run,
      at,
      JSON.stringify(blob),
      rounds,
    ],
    [one, run, 2 + rounds * per, JSON.stringify({ type: "run.stopped", at: end, by: "admin:history" })],
  ];
}
