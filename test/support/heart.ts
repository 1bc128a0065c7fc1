/** A federation of heart-disease hospitals for system tests: real processes, real tables, a short plan. */
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Plan } from "@engraft/core/models/plan";
import { runView, type RunPhase, type RunView } from "@engraft/core/rounds/view";
import { exampleFile, siteDeclarations, type SiteDeclaration } from "../../examples/heart-disease/files.ts";
import { Federation, type FederationOptions } from "../../tools/federation/federation.ts";

export const heartPlan = async (): Promise<Plan> => JSON.parse(await readFile(exampleFile("plan.json"), "utf8")) as Plan;

export interface HeartOptions extends Partial<FederationOptions> {
  readonly sites?: readonly string[];
  /** `copied`: each site has its own copy of its table, which a test may change. */
  readonly tables?: "shared" | "copied";
  /** Changes the example's plan before it is proposed. */
  readonly plan?: (plan: Plan) => Plan;
}

/** Short rounds, so that a test looks at the protocol and not at training. */
export const shortPlan =
  (rounds: number, updates = 20) =>
  (plan: Plan): Plan => ({
    ...plan,
    training: { ...plan.training, amount: { unit: "updates", count: updates } },
    rounds: { count: rounds, stop: null },
  });

export class Heart {
  readonly federation: Federation;
  readonly plan: string;
  readonly sites: readonly SiteDeclaration[];
  readonly dir: string;

  readonly #tables: "shared" | "copied";

  private constructor(federation: Federation, plan: string, sites: readonly SiteDeclaration[], dir: string, tables: "shared" | "copied") {
    this.#tables = tables;
    this.federation = federation;
    this.plan = plan;
    this.sites = sites;
    this.dir = dir;
  }

  /** Coordinator up, base imported, plan proposed, sites enrolled with data, agents online, plan approved everywhere. */
  static async start(options: HeartOptions = {}): Promise<Heart> {
    const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "engraft-heart-")));
    const federation = await Federation.start({ ...options, dir });
    await federation.coordinatorCommandOk("base", "import", exampleFile("base"));
    const wanted = options.sites ?? ["cleveland", "hungary", "switzerland", "va"];
    const sites = (await siteDeclarations()).filter(({ site }) => wanted.includes(site));
    const plan = (options.plan ?? shortPlan(3))(await heartPlan());
    const path = join(dir, "plan.json");
    await writeFile(path, JSON.stringify({ ...plan, cohort: { ...plan.cohort, minSites: Math.min(plan.cohort.minSites, sites.length) } }));
    const { digest } = (await federation.coordinatorCommandOk("plan", "propose", path)) as { digest: string };
    const heart = new Heart(federation, digest, sites, dir, options.tables ?? "shared");
    await Promise.all(sites.map((site) => heart.join(site)));
    return heart;
  }

  tableOf(site: string): string {
    return join(this.dir, `${site}.csv`);
  }

  async join({ site, file, flags }: SiteDeclaration): Promise<void> {
    if (this.#tables === "copied") await copyFile(exampleFile(file), this.tableOf(site));
    await this.federation.enrol(site, { file: this.#tables === "copied" ? this.tableOf(site) : exampleFile(file), flags });
    await this.federation.startAgent(site);
    await this.federation.approve(site, this.plan, "--data", "main");
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
