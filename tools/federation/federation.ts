/**
 * A whole federation as separate processes under one folder: coordinator, dashboard and site agents, driven only through
 * their command lines and the public API, as people would. The demo, the system tests and the benchmarks share it.
 */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { AppRouter } from "@engraft/coordinator/api/router";
import { createTRPCClient, httpLink, type TRPCClient } from "@trpc/client";
import { freePort } from "./ports.ts";
import { Program, run, type Finished, type Line } from "./program.ts";

export type Api = TRPCClient<AppRouter>;

export interface FederationOptions {
  /** Everything is kept below it. */
  readonly dir: string;
  readonly port?: number;
  readonly dashboard?: boolean;
  /** PostgreSQL instead of the embedded database. */
  readonly databaseUrl?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Of coordinators that stand by, for every site. */
  readonly otherUrls?: readonly string[];
}

export interface SiteData {
  readonly file?: string;
  /** Further flags of `data add`. */
  readonly flags: readonly string[];
}

export class Federation {
  readonly dir: string;
  url: string;
  port: number;
  readonly #options: FederationOptions;
  coordinator!: Program;
  /** Another coordinator on the same database and folder. */
  standby: Program | undefined;
  dashboard: Program | undefined;
  readonly agents = new Map<string, Program>();
  /** The one-time link for the first admin, until it is used. */
  setupUrl: string | null = null;

  private constructor(options: FederationOptions, port: number) {
    this.#options = options;
    this.dir = options.dir;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(options: FederationOptions): Promise<Federation> {
    const federation = new Federation(options, options.port ?? (await freePort()));
    await mkdir(join(options.dir, "log"), { recursive: true });
    const dashboardPort = options.dashboard === true ? await freePort() : undefined;
    const dashboard = dashboardPort === undefined ? undefined : federation.#startDashboard(dashboardPort);
    await federation.startCoordinator(dashboardPort);
    await dashboard;
    return federation;
  }

  /** Starts the coordinator (again): same folder, same port. */
  async startCoordinator(dashboardPort = this.#dashboardPort, env: Readonly<Record<string, string>> = {}): Promise<Line> {
    this.#dashboardPort = dashboardPort;
    const args = ["start", "--json", "--port", String(this.port), "--data", this.coordinatorDir];
    if (dashboardPort !== undefined) args.push("--dashboard-url", `http://127.0.0.1:${dashboardPort}`);
    const program = this.#program("coordinator");
    this.coordinator = Program.start("engraft-coordinator", args, { ...program, env: { ...program.env, ...env } });
    const ready = await this.coordinator.event("ready");
    this.setupUrl = typeof ready["setup"] === "string" ? ready["setup"] : null;
    return ready;
  }
  #dashboardPort: number | undefined;

  /** A second coordinator that shares this one's database and folder; resolves when it stands by. PostgreSQL only. */
  async startStandby(port: number, env: Readonly<Record<string, string>> = {}): Promise<Program> {
    const args = ["start", "--json", "--port", String(port), "--data", this.coordinatorDir];
    const program = this.#program("standby");
    this.standby = Program.start("engraft-coordinator", args, { ...program, env: { ...program.env, ...env } });
    await this.standby.event("standby");
    return this.standby;
  }

  /** Everything that is asked of the coordinator goes to the standby's address from now on: it leads. */
  follow(port: number): void {
    if (this.standby !== undefined) this.coordinator = this.standby;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.#api = undefined;
  }

  /** The operator's token of the folder is another one from now on. */
  forget(): void {
    this.#api = undefined;
  }

  async #startDashboard(port: number): Promise<void> {
    this.dashboard = Program.start("engraft-dashboard", ["--json", "--port", String(port)], this.#program("dashboard"));
    await this.dashboard.event("ready");
  }

  #program(name: string) {
    return {
      name,
      log: join(this.dir, "log", `${name}.log`),
      env: { ...this.#options.env, ...(this.#options.databaseUrl !== undefined && { DATABASE_URL: this.#options.databaseUrl }) },
    };
  }

  get coordinatorDir(): string {
    return join(this.dir, "coordinator");
  }

  siteDir(site: string): string {
    return join(this.dir, "sites", site);
  }

  /** The API with the operator's token, which lies in the coordinator's own folder. */
  api(): Promise<Api> {
    this.#api ??= this.#connect();
    return this.#api;
  }
  #api: Promise<Api> | undefined;

  async #connect(): Promise<Api> {
    const token = (await readFile(join(this.coordinatorDir, "operator.token"), "utf8")).trim();
    return createTRPCClient<AppRouter>({ links: [httpLink({ url: `${this.url}/trpc`, headers: { authorization: `Bearer ${token}` } })] });
  }

  /** A command of the coordinator's, against the running one; the caller looks at the exit code. */
  coordinatorCommand(...args: string[]): Promise<Finished> {
    return run(
      "engraft-coordinator",
      [...args, "--json", "--url", this.url, "--data", this.coordinatorDir],
      this.#program("coordinator-command"),
    );
  }

  async coordinatorCommandOk(...args: string[]): Promise<Line> {
    return result(await this.coordinatorCommand(...args));
  }

  /** Another coordinator with this federation's database settings, which is expected to be turned away. */
  secondCoordinator(port: number, data: string): Promise<Finished> {
    return run("engraft-coordinator", ["start", "--json", "--port", String(port), "--data", data], this.#program("second-coordinator"));
  }

  /** A look with this federation's database settings; `flags` say whose folder and port. */
  coordinatorDoctor(...flags: string[]): Promise<Finished> {
    return run("engraft-coordinator", ["doctor", "--json", ...flags], this.#program("coordinator-doctor"));
  }

  /** A command at a site; the caller looks at the exit code. */
  siteCommand(site: string, ...args: string[]): Promise<Finished> {
    return run("engraft-site", ["--home", this.siteDir(site), "--json", ...args], this.#program(`${site}-command`));
  }

  async siteCommandOk(site: string, ...args: string[]): Promise<Line> {
    return result(await this.siteCommand(site, ...args));
  }

  /** Invites a site, enrols it and, where given, registers its data. */
  async enrol(site: string, data?: SiteData): Promise<void> {
    const { invite } = await (await this.api()).sites.invite.mutate({ site, hours: 1 });
    await this.siteCommandOk(site, "join", invite, ...(this.#options.otherUrls ?? []).flatMap((url) => ["--url", url]));
    if (data !== undefined)
      await this.siteCommandOk(site, "data", "add", "main", ...(data.file === undefined ? [] : ["--file", data.file]), ...data.flags);
  }

  /** An agent of the caller's own making in place of the binary: `script <home>`. */
  startAgentScript(site: string, script: string, env: Readonly<Record<string, string>> = {}): Promise<Program> {
    const program = this.#program(site);
    const options = { ...program, env: { ...program.env, ...env }, script };
    return this.#online(site, Program.start("engraft-site", [this.siteDir(site)], options));
  }

  startAgent(site: string, env: Readonly<Record<string, string>> = {}): Promise<Program> {
    const program = this.#program(site);
    const options = { ...program, env: { ...program.env, ...env } };
    return this.#online(site, Program.start("engraft-site", ["--home", this.siteDir(site), "--json", "start"], options));
  }

  async #online(site: string, agent: Program): Promise<Program> {
    this.agents.set(site, agent);
    await agent.event("online");
    return agent;
  }

  /** The code of a plan's directory, as a steward reads it aloud. */
  async directoryWords(site: string, plan: string): Promise<string> {
    await this.#offered(site, plan);
    const { words } = await this.siteCommandOk(site, "directory", plan);
    return (words as readonly string[]).join(" ");
  }

  /** Types in at one site what another site's steward has read. */
  async compare(site: string, plan: string, heard: string): Promise<void> {
    await this.#offered(site, plan);
    await this.siteCommandOk(site, "directory", plan, "--heard", heard, "--steward", "Demo steward");
  }

  /** As stewards do on a call: one reads the code, all others type what they hear, and the first hears it from the second. */
  async compareAll(plan: string, sites: readonly string[]): Promise<void> {
    const [first, second] = sites;
    if (first === undefined || second === undefined) return;
    const read = await this.directoryWords(first, plan);
    await Promise.all(sites.slice(1).map((site) => this.compare(site, plan, read)));
    await this.compare(first, plan, await this.directoryWords(second, plan));
  }

  /** Waits until the running agent has been offered the plan, approves it as its steward, and waits until that is recorded. */
  async approve(site: string, plan: string, ...flags: string[]): Promise<void> {
    const agent = this.agents.get(site);
    await this.#offered(site, plan);
    const before = agent?.lines.length ?? 0;
    await this.siteCommandOk(site, "approve", plan, "--steward", "Demo steward", ...flags);
    await agent?.line((line) => line.event === "approval.recorded" && line["plan"] === plan, before);
  }

  async #offered(site: string, plan: string): Promise<void> {
    await this.agents.get(site)?.line((line) => line.event === "plan.offered" && line["plan"] === plan);
  }

  async stop(): Promise<void> {
    await Promise.all(
      [...this.agents.values(), ...(this.dashboard === undefined ? [] : [this.dashboard])].map((program) => program.stop()),
    );
    await Promise.all([this.coordinator.stop(), this.standby?.stop()]);
  }
}

function result(finished: Finished): Line {
  if (finished.code !== 0) throw new Error(`The command ended with ${finished.code}:\n${finished.stderr}`);
  return finished.result ?? {};
}
