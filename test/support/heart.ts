/** A federation of heart-disease hospitals for system tests: real processes, real tables, a short plan. */
import { copyFile, cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Plan } from "@engraft/core/models/plan";
import { runView, type RunPhase, type RunView } from "@engraft/core/rounds/view";
import { exampleFile, siteDeclarations, type SiteDeclaration } from "../../examples/heart-disease/files.ts";
import { Federation, type FederationOptions } from "../../tools/federation/federation.ts";
import { SERVER_VARIABLE } from "./database-setup.ts";
import { createDatabase } from "./postgres.ts";

/** The example's plan as its author wrote it, with plain aggregation where a test is not about sums. */
export const heartPlan = async (method: "plain" | "secure" = "plain"): Promise<Plan> => {
  const draft = JSON.parse(await readFile(exampleFile("plan.json"), "utf8")) as Plan;
  return method === "plain" ? { ...draft, aggregation: { method } } : draft;
};

export interface HeartOptions extends Partial<FederationOptions> {
  readonly sites?: readonly string[];
  /** `copied`: each site has its own copy of its table, which a test may change. */
  readonly tables?: "shared" | "copied";
  /** Changes the example's plan before it is proposed. */
  readonly plan?: (plan: Plan) => Plan;
  /** `secure`: all sites are the directory, compared and approved. */
  readonly aggregation?: "plain" | "secure";
  /** Folder of the base that the plan is over, instead of the example's. */
  readonly base?: string;
  /** Called with the federation's folder before anything is started in it. */
  readonly prepare?: (dir: string) => Promise<void>;
  /** Of single agents. */
  readonly agentEnv?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Short rounds, so that a test looks at the protocol and not at training. */
export const shortPlan =
  (rounds: number, updates = 20) =>
  (plan: Plan): Plan => ({
    ...plan,
    training: { ...plan.training, amount: { unit: "updates", count: updates } },
    rounds: { count: rounds, stop: null },
  });

/** Where the suites run on PostgreSQL: a fresh database, or a copy of one. */
async function testDatabase(template?: string): Promise<{ readonly databaseUrl?: string }> {
  const server = process.env[SERVER_VARIABLE];
  return server === undefined ? {} : { databaseUrl: await createDatabase(server, template) };
}

const APPROVE = ["--data", "main", "--site-metrics"] as const;

export class Heart {
  readonly federation: Federation;
  /** Digest of the plan that was approved. */
  plan = "";
  readonly sites: readonly SiteDeclaration[];
  readonly dir: string;

  readonly #tables: "shared" | "copied";
  readonly #agentEnv: Readonly<Record<string, Readonly<Record<string, string>>>>;

  readonly #databaseUrl: string | undefined;

  private constructor(
    federation: Federation,
    sites: readonly SiteDeclaration[],
    dir: string,
    { tables, agentEnv, databaseUrl }: HeartOptions,
  ) {
    this.federation = federation;
    this.sites = sites;
    this.dir = dir;
    this.#tables = tables ?? "shared";
    this.#agentEnv = agentEnv ?? {};
    this.#databaseUrl = databaseUrl;
  }

  /** Coordinator up, base imported, plan proposed, sites enrolled with data, agents online, plan approved everywhere. */
  static async start(wishes: HeartOptions = {}): Promise<Heart> {
    const options = { ...(wishes.databaseUrl === undefined && (await testDatabase())), ...wishes };
    const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "engraft-heart-")));
    await options.prepare?.(dir);
    const federation = await Federation.start({ ...options, dir });
    await federation.coordinatorCommandOk("base", "import", options.base ?? exampleFile("base"));
    const wanted = options.sites ?? ["cleveland", "hungary", "switzerland", "va"];
    const sites = (await siteDeclarations()).filter(({ site }) => wanted.includes(site));
    const heart = new Heart(federation, sites, dir, options);
    await Promise.all(sites.map((site) => heart.enrol(site)));
    const plan = (options.plan ?? shortPlan(3))(await heartPlan(options.aggregation));
    const path = join(dir, "plan.json");
    await writeFile(path, JSON.stringify({ ...plan, cohort: { ...plan.cohort, minSites: Math.min(plan.cohort.minSites, sites.length) } }));
    const { digest } = (await federation.coordinatorCommandOk("plan", "propose", path)) as { digest: string };
    heart.plan = digest;
    const names = sites.map(({ site }) => site);
    if (options.aggregation === "secure") await federation.compareAll(digest, names);
    await Promise.all(names.map((site) => federation.approve(site, digest, ...APPROVE)));
    return heart;
  }

  /**
   * Another federation that begins exactly as this one stands, also in the number and the seeds of its next run. This one's
   * programs must have ended; on PostgreSQL `databaseUrl` is a copy of its database.
   */
  async copy(databaseUrl?: string): Promise<Heart> {
    const dir = await mkdtemp(join(tmpdir(), "engraft-heart-"));
    await cp(this.dir, dir, { recursive: true });
    const database = databaseUrl === undefined ? await testDatabase(this.#databaseUrl) : { databaseUrl };
    const federation = await Federation.start({ dir, ...database });
    const heart = new Heart(federation, this.sites, dir, { tables: this.#tables, agentEnv: this.#agentEnv, ...database });
    heart.plan = this.plan;
    await Promise.all(
      this.sites.map(async ({ site }) => {
        const path = join(federation.siteDir(site), "federation.json");
        const known = JSON.parse(await readFile(path, "utf8")) as object;
        await writeFile(path, JSON.stringify({ ...known, url: federation.url }));
        await federation.startAgent(site);
      }),
    );
    return heart;
  }

  tableOf(site: string): string {
    return join(this.dir, `${site}.csv`);
  }

  async enrol({ site, file, flags }: SiteDeclaration): Promise<void> {
    if (this.#tables === "copied") await copyFile(exampleFile(file), this.tableOf(site));
    await this.federation.enrol(site, { file: this.#tables === "copied" ? this.tableOf(site) : exampleFile(file), flags });
    await this.federation.startAgent(site, this.#agentEnv[site] ?? {});
  }

  /** Starts a site's agent anew, which from now on reaches the coordinator through this port: its own record of where it is says so. */
  async connectThrough(site: string, port: number): Promise<void> {
    const { federation } = this;
    await federation.agents.get(site)?.stop();
    const path = join(federation.siteDir(site), "federation.json");
    const known = JSON.parse(await readFile(path, "utf8")) as object;
    await writeFile(path, JSON.stringify({ ...known, url: `http://127.0.0.1:${port}` }));
    await federation.startAgent(site, this.#agentEnv[site] ?? {});
  }

  /** A site that comes later. */
  async join(site: SiteDeclaration): Promise<void> {
    await this.enrol(site);
    await this.federation.approve(site.site, this.plan, ...APPROVE);
  }

  async startRun(): Promise<string> {
    const api = await this.federation.api();
    return (await api.runs.start.mutate({ plan: this.plan })).run;
  }

  async view(run: string): Promise<RunView> {
    const api = await this.federation.api();
    const { events } = await api.runs.get.query({ run: run });
    const view = runView(events.map(({ event }) => event));
    if (view === undefined) throw new Error("the run has no events");
    return view;
  }

  /** Polls until `wanted` holds; a run that ends in another way is shown. A coordinator that is away is waited for. */
  async until(run: string, wanted: (view: RunView) => boolean): Promise<RunView> {
    for (;;) {
      const view = await this.view(run).catch((error: unknown) => {
        if (this.federation.coordinator.alive) throw error;
        return undefined;
      });
      if (view !== undefined && wanted(view)) return view;
      if (view?.end !== null && view?.end !== undefined) throw new Error(`the run ended: ${view.phase}: ${view.end.text}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  untilPhase = (run: string, phase: RunPhase): Promise<RunView> => this.until(run, (view) => view.phase === phase);

  async stop(): Promise<void> {
    await this.federation.stop();
    await rm(this.dir, { recursive: true, force: true });
  }
}
