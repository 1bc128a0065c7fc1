/** Broken set-ups, each through the real `doctor`: every one has a code of its own and a next step. Nothing is changed by looking. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { toBase64url } from "@engraft/core/base/bytes";
import { identityFromSeed } from "@engraft/core/crypto/identity";
import { readInvite } from "@engraft/core/protocol/invite";
import { WebSocketServer } from "ws";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../tools/federation/ports.ts";
import { BINARIES } from "../tools/federation/program.ts";
import { makeAuthority } from "./support/certificate.ts";
import { Heart, shortPlan } from "./support/heart.ts";
import { startHospitalProxy, startTlsFront, type Whim } from "./support/hospital-proxy.ts";

interface Finding {
  readonly check: string;
  readonly level: "ok" | "warning" | "problem" | "skipped";
  readonly code: string;
  readonly text: string;
  readonly next: string | null;
}

interface Diagnosis {
  readonly exit: number;
  readonly ok: boolean;
  readonly checks: readonly Finding[];
  /** Everything that was printed. */
  readonly printed: string;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

interface Circumstances {
  readonly env?: Readonly<Record<string, string>>;
  /** Run as this program's arguments instead, for example under a limit. */
  readonly under?: readonly string[];
}

const PLAIN_NETWORK = {
  HTTP_PROXY: "",
  HTTPS_PROXY: "",
  http_proxy: "",
  https_proxy: "",
  NO_PROXY: "",
  no_proxy: "",
  NODE_EXTRA_CA_CERTS: "",
};

async function doctor(
  binary: keyof typeof BINARIES,
  args: readonly string[],
  { env = {}, under = [] }: Circumstances = {},
): Promise<Diagnosis> {
  const [program, ...rest] = [...under, process.execPath, BINARIES[binary], ...args, "--json"];
  const child = spawn(program ?? process.execPath, rest, {
    env: { ...process.env, ...PLAIN_NETWORK, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const [exit] = (await once(child, "close")) as [number];
  const printed = stdout + stderr;
  if (stdout === "") throw new Error(`doctor said nothing and ended with ${exit}:\n${printed}`);
  const report = JSON.parse(stdout) as { readonly ok: boolean; readonly checks: readonly Finding[] };
  const codes = (level: Finding["level"]): readonly string[] => report.checks.filter((one) => one.level === level).map(({ code }) => code);
  return { exit, ...report, printed, problems: codes("problem"), warnings: codes("warning") };
}

/** Exactly this problem, with a next step; and the exit code says so. */
function expectProblem(diagnosis: Diagnosis, code: string): Finding {
  expect(diagnosis).toMatchObject({ problems: [code], exit: 1, ok: false });
  const found = diagnosis.checks.find((finding) => finding.code === code) as Finding;
  expect(found.next).toMatch(/\w+ \w+/);
  return found;
}

function expectHealthy(diagnosis: Diagnosis, warnings: readonly string[] = []): void {
  // How large the machine of the tests is does not matter.
  const about = diagnosis.warnings.filter((code) => code !== "disk-low" && code !== "memory-low");
  expect({ ...diagnosis, warnings: about }).toMatchObject({ problems: [], warnings, exit: 0 });
}

let heart: Heart;
let made = 0;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  heart = await Heart.start({ sites: ["cleveland"], plan: shortPlan(2), tables: "copied" });
  await heart.untilPhase(await heart.startRun(), "finished");
  await heart.federation.coordinatorCommandOk("plan", "list");
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
afterAll(() => heart.stop());

const ownHome = (): string => heart.federation.siteDir("cleveland");

interface Changes {
  readonly url?: string;
  readonly coordinator?: string;
}

/** A copy of the site's folder, whose record of the federation is changed; no agent runs in it. */
async function brokenHome(changes: Changes = {}): Promise<string> {
  const home = join(heart.dir, `broken-${++made}`);
  await cp(ownHome(), home, { recursive: true });
  await chmod(home, 0o700);
  await rm(join(home, "owner"), { force: true });
  const path = join(home, "federation.json");
  await writeFile(path, JSON.stringify({ ...(JSON.parse(await readFile(path, "utf8")) as object), ...changes }));
  return home;
}

const siteDoctor = (home: string, circumstances?: Circumstances, ...flags: string[]): Promise<Diagnosis> =>
  doctor("engraft-site", ["--home", home, "doctor", ...flags], circumstances);

async function proxied(whim: Whim): Promise<string> {
  const proxy = await startHospitalProxy(heart.federation.port, whim);
  stops.push(() => proxy.stop());
  return proxy.url;
}

/** No name server knows it; the tests' proxies lead it to the coordinator. */
const NOWHERE = "coordinator.invalid";
const nowhere = (scheme: "http" | "https" = "http"): string => `${scheme}://${NOWHERE}:${heart.federation.port}`;

async function programOnPort(answer: string): Promise<number> {
  const server = createServer((_, response) => response.end(answer));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

describe("engraft-site doctor", () => {
  it("[H2] finds nothing at a healthy site, and the running agent keeps its link", async () => {
    const agent = heart.federation.agents.get("cleveland");
    const lines = agent?.lines.length ?? 0;
    const diagnosis = await siteDoctor(ownHome());
    expectHealthy(diagnosis);
    expect(diagnosis.checks.filter(({ level }) => level === "skipped")).toEqual([]);
    const events = agent?.lines.slice(lines).map(({ event }) => event);
    expect(events).not.toContain("offline");
    const [site] = await (await heart.federation.api()).sites.list.query();
    expect(site?.online).toBe(true);
  });

  it("looks without an agent, and says that none runs", async () => {
    expectHealthy(await siteDoctor(await brokenHome()), ["agent-not-running"]);
  });

  it("[H1] a folder without a site", async () => {
    expectProblem(await siteDoctor(join(heart.dir, "nobody")), "not-enrolled");
  });

  it("[H1] a wrong host name", async () => {
    const found = expectProblem(await siteDoctor(await brokenHome({ url: nowhere() })), "name-unknown");
    expect(found.text).toContain(NOWHERE);
  });

  it("[H1] nothing listens", async () => {
    expectProblem(await siteDoctor(await brokenHome({ url: `http://127.0.0.1:${await freePort()}` })), "nothing-listening");
  });

  it("[H1] something else listens", async () => {
    const port = await programOnPort("hello");
    expectProblem(await siteDoctor(await brokenHome({ url: `http://127.0.0.1:${port}` })), "not-a-coordinator");
  });

  it("[H1] a proxy that is not there", async () => {
    const env = { HTTP_PROXY: `http://127.0.0.1:${await freePort()}` };
    expectProblem(await siteDoctor(await brokenHome({ url: nowhere() }), { env }), "proxy-away");
  });

  it("[H1] a proxy that refuses CONNECT", async () => {
    const env = { HTTP_PROXY: await proxied({ kind: "refuses" }) };
    const found = expectProblem(await siteDoctor(await brokenHome({ url: nowhere() }), { env }), "proxy-refuses");
    expect(found.text).toContain(new URL(env.HTTP_PROXY).host);
    expect(found.next).toContain(`CONNECT to ${NOWHERE}:${heart.federation.port}`);
  });

  it("[H1] a proxy that asks for a password; with it all is well, and it is not printed", async () => {
    const proxy = await proxied({ kind: "passes", password: "ward7:hunter2" });
    const home = await brokenHome({ url: nowhere() });
    expectProblem(await siteDoctor(home, { env: { HTTP_PROXY: proxy } }), "proxy-password");
    const diagnosis = await siteDoctor(home, { env: { HTTP_PROXY: proxy.replace("//", "//ward7:hunter2@") } });
    expectHealthy(diagnosis, ["agent-not-running", "no-tls"]);
    expect(diagnosis.printed).not.toContain("hunter2");
  });

  it("[H1] a proxy that drops the upgrade is named", async () => {
    const env = { HTTP_PROXY: await proxied({ kind: "drops-upgrades" }) };
    const found = expectProblem(await siteDoctor(await brokenHome({ url: nowhere() }), { env }), "upgrade-refused");
    expect(found.text + found.next).toContain(new URL(env.HTTP_PROXY).host);
  });

  it("[H1] a proxy that looks into TLS: its authority is named, and trusted with --ca or NODE_EXTRA_CA_CERTS", async () => {
    const authority = makeAuthority("Ward 7 Inspection CA");
    const env = { HTTPS_PROXY: await proxied({ kind: "looks-into-tls", ...authority.server(NOWHERE) }) };
    const home = await brokenHome({ url: nowhere("https") });
    const found = expectProblem(await siteDoctor(home, { env }), "certificate-unknown-issuer");
    expect(found.text).toContain('"Ward 7 Inspection CA"');
    expect(found.next).toContain("--ca");
    const ca = join(heart.dir, "ward7.pem");
    await writeFile(ca, authority.certificate);
    expectHealthy(await siteDoctor(home, { env }, "--ca", ca), ["agent-not-running"]);
    expectHealthy(await siteDoctor(home, { env: { ...env, NODE_EXTRA_CA_CERTS: ca } }), ["agent-not-running"]);
    // A list that is given replaces Node's own, so that the other variable must not be forgotten with it.
    const other = join(heart.dir, "other.pem");
    await writeFile(other, makeAuthority("Another").certificate);
    expectHealthy(await siteDoctor(home, { env: { ...env, NODE_EXTRA_CA_CERTS: ca } }, "--ca", other), ["agent-not-running"]);
  });

  it.each([
    { what: "has expired", code: "certificate-expired", host: "localhost", days: -1 },
    { what: "is for another name", code: "certificate-other-name", host: "elsewhere.example", days: 90 },
  ])("[H1] a certificate that $what", async ({ code, host, days }) => {
    const authority = makeAuthority("Test CA");
    const front = await startTlsFront(heart.federation.port, authority.server(host, days));
    stops.push(() => front.stop());
    const ca = join(heart.dir, "test.pem");
    await writeFile(ca, authority.certificate);
    expectProblem(await siteDoctor(await brokenHome({ url: `https://localhost:${front.port}` }), {}, "--ca", ca), code);
  });

  it("[H1] https where plain HTTP is spoken", async () => {
    expectProblem(await siteDoctor(await brokenHome({ url: `https://localhost:${heart.federation.port}` })), "not-tls");
  });

  it("[H1] a file for --ca that holds no certificate", async () => {
    const diagnosis = await siteDoctor(
      await brokenHome({ url: nowhere("https") }),
      { env: { HTTPS_PROXY: await proxied({ kind: "passes" }) } },
      "--ca",
      heart.tableOf("cleveland"),
    );
    expectProblem(diagnosis, "ca-file");
  });

  const shifted = (ms: number): Circumstances => ({
    env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`const now=Date.now;Date.now=()=>now()+(${ms})`)}` },
  });

  it("[H1] a clock that is off by an hour; by two minutes is a warning", async () => {
    const home = await brokenHome();
    const found = expectProblem(await siteDoctor(home, shifted(3_600_000)), "clock-wrong");
    expect(found.text).toMatch(/3(59\d|600) s ahead/);
    expectHealthy(await siteDoctor(home, shifted(-120_000)), ["agent-not-running", "clock-off"]);
  });

  it("[H1] a disk that takes no file", async () => {
    // Root may write wherever the rights say no, so a limit stands in for them.
    const found = expectProblem(
      await siteDoctor(await brokenHome(), { under: ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh"] }),
      "disk-limit",
    );
    expect(found.check).toBe("disk");
  });

  it("[H1] a key that others can read", async () => {
    const home = await brokenHome();
    await chmod(join(home, "identity.json"), 0o644);
    expect(expectProblem(await siteDoctor(home), "secret-readable").next).toContain("chmod 600");
  });

  it("[H1] a table that is gone, or no longer has its columns", async () => {
    const table = heart.tableOf("cleveland");
    const text = await readFile(table, "utf8");
    const home = await brokenHome();
    try {
      await rm(table);
      expectProblem(await siteDoctor(home), "data-missing");
      await writeFile(table, text.replace("thalach", "heart_rate"));
      const diagnosis = await siteDoctor(home);
      expectProblem(diagnosis, "data-invalid");
      expect(diagnosis.checks.find(({ code }) => code === "data-invalid")?.next).toContain("data check main");
    } finally {
      await writeFile(table, text);
    }
  });

  it("[H1] another key than the pinned one, and a key that the coordinator does not know", async () => {
    const stranger = identityFromSeed(new Uint8Array(32).fill(7));
    const elsewhere = await brokenHome({ coordinator: stranger.publicKey });
    await rm(join(elsewhere, "decisions"), { recursive: true });
    expectProblem(await siteDoctor(elsewhere), "coordinator-key-wrong");
    const home = await brokenHome();
    await rm(join(home, "decisions"), { recursive: true });
    const identity = { format: "engraft.identity/1", publicKey: stranger.publicKey, seed: toBase64url(new Uint8Array(32).fill(7)) };
    await writeFile(join(home, "identity.json"), JSON.stringify(identity), { mode: 0o600 });
    expectProblem(await siteDoctor(home), "unknown-key");
  });

  it("what waits for people is a warning, and ends with 0", async () => {
    const home = await brokenHome();
    await rm(join(home, "decisions"), { recursive: true });
    await writeFile(join(home, "paused.json"), JSON.stringify({ format: "engraft.paused/1", since: Date.now() }));
    expectHealthy(await siteDoctor(home), ["agent-not-running", "paused", "plans-waiting"]);
  });

  it("before joining it looks at the way to an invite's coordinator, and uses nothing up", async () => {
    const { invite } = await (await heart.federation.api()).sites.invite.mutate({ site: "graz", hours: 1 });
    const home = join(heart.dir, "not-yet");
    const diagnosis = await siteDoctor(home, {}, "--invite", invite);
    expectHealthy(diagnosis);
    const read = readInvite(invite);
    expect(diagnosis.printed).not.toContain(read.ok ? read.invite.secret : "");
    expect((await heart.federation.siteCommand("graz", "join", invite)).code).toBe(0);
  });

  it("[H2] prints no secret and leaves the folder as it was", async () => {
    const home = await brokenHome();
    const before = await readdir(home, { recursive: true });
    const { printed } = await siteDoctor(home);
    const { seed } = JSON.parse(await readFile(join(home, "identity.json"), "utf8")) as { readonly seed: string };
    expect(printed).not.toContain(seed);
    expect((await readdir(home, { recursive: true })).sort()).toEqual([...before].sort());
  });

  it("speaks in lines without --json", async () => {
    const home = await brokenHome({ url: nowhere() });
    const child = spawn(process.execPath, [BINARIES["engraft-site"], "--home", home, "doctor"], {
      env: { ...process.env, ...PLAIN_NETWORK },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
    expect((await once(child, "close"))[0]).toBe(1);
    expect(text).toMatch(/^PROBLEM +Name +.*\(name-unknown\)\n +Next: /m);
    expect(text).toMatch(/^1 problem, 1 warning\.$/m);
  });
});

describe("engraft-coordinator doctor", () => {
  let other: Heart;
  let finished = "";
  let waiting = "";
  /** Digest of the release's model. */
  let model = "";
  let copies = 0;
  beforeAll(async () => {
    other = await Heart.start({ sites: ["cleveland"], plan: shortPlan(1) });
    finished = await other.startRun();
    await other.untilPhase(finished, "finished");
    const api = await other.federation.api();
    // Its files are written just after the run's last event.
    while (model === "") {
      const release = (await api.releases.list.query()).find(({ run }) => run === finished);
      model = release?.files.find(({ name }) => name === "model.safetensors")?.sha256 ?? "";
    }
    await other.federation.agents.get("cleveland")?.stop();
    waiting = await other.startRun();
  });
  afterAll(() => other.stop());

  const look = (data: string, port: number, circumstances?: Circumstances, ...flags: string[]): Promise<Diagnosis> =>
    doctor("engraft-coordinator", ["doctor", "--data", data, "--port", String(port), ...flags], circumstances);
  const lookAtRunning = (...flags: string[]): Promise<Diagnosis> =>
    look(other.federation.coordinatorDir, other.federation.port, {}, ...flags);

  /** The folder of a coordinator that has ended, to be broken. */
  async function copy(): Promise<string> {
    await other.federation.coordinator.stop();
    const data = join(other.dir, `copy-${++copies}`);
    await cp(other.federation.coordinatorDir, data, { recursive: true });
    return data;
  }
  const modelIn = (data: string): string => join(data, "blobs", "blobs", model.slice(0, 2), model);

  it("[H2] of one that runs: names the run that waits and the site that is away, and a second look is like the first", async () => {
    const diagnosis = await lookAtRunning("--blobs");
    expectHealthy(diagnosis, ["run-waits-sites"]);
    expect(diagnosis.checks.find(({ code }) => code === "run-waits-sites")?.text).toMatch(
      new RegExp(`^${waiting} waits .*offline: cleveland`),
    );
    expectHealthy(await lookAtRunning(), ["run-waits-sites"]);
  });

  it("[H1] the address in invites leads nowhere, to another program, or past a proxy that drops upgrades", async () => {
    expectProblem(await lookAtRunning("--public-url", `http://127.0.0.1:${await freePort()}`), "public-url-away");
    expectProblem(await lookAtRunning("--public-url", `http://127.0.0.1:${await programOnPort("hello")}`), "public-url-other");
    const { port } = other.federation;
    const front = createServer((request, response) => {
      void fetch(`http://127.0.0.1:${port}${request.url ?? ""}`).then(async (answer) => response.end(await answer.text()));
    });
    await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
    stops.push(() => new Promise((resolve) => front.close(resolve)));
    expectProblem(
      await lookAtRunning("--public-url", `http://127.0.0.1:${(front.address() as AddressInfo).port}`),
      "public-upgrade-refused",
    );
    expectProblem(await lookAtRunning("--public-url", `http://${NOWHERE}`), "public-name-unknown");
    expectHealthy(await lookAtRunning("--public-url", `http://localhost:${port}`), ["run-waits-sites"]);
  });

  it("[H1] a certificate in front that has expired", async () => {
    const front = await startTlsFront(other.federation.port, makeAuthority("Test CA").server("localhost", -1));
    stops.push(() => front.stop());
    const diagnosis = await lookAtRunning("--public-url", `https://localhost:${front.port}`);
    expectProblem(diagnosis, "certificate-expired");
    expect(diagnosis.checks.find(({ check }) => check === "public-url")?.level).toBe("ok");
  });

  it("[H2] the operator's token goes to no program on the port that is not this coordinator", async () => {
    const heard: IncomingMessage[] = [];
    const server = createServer((request, response) => {
      heard.push(request);
      response.end("{}");
    });
    const sockets = new WebSocketServer({ server });
    const frames: string[] = [];
    sockets.on("connection", (socket, request) => {
      heard.push(request);
      socket.on("message", (data: Buffer) => frames.push(data.toString()));
      socket.send('{"type":"challenge"}');
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    stops.push(() => {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    const data = await copy();
    expectProblem(await look(data, (server.address() as AddressInfo).port), "port-taken");
    expect(heard.length).toBeGreaterThan(0);
    expect(heard.flatMap(({ headers }) => headers.authorization ?? [])).toEqual([]);
    expect(frames).toEqual([]);
  });

  it("[H2] of one that does not run: opens the database as it is, and leaves the lock to the next start", async () => {
    const data = await copy();
    const port = await freePort();
    const diagnosis = await look(data, port, {}, "--blobs");
    expectHealthy(diagnosis, ["not-running", "run-waits-coordinator"]);
    const token = (await readFile(join(data, "operator.token"), "utf8")).trim();
    expect(diagnosis.printed).not.toContain(token);
    expectHealthy(await look(data, port), ["not-running", "run-waits-coordinator"]);
    await other.federation.startCoordinator();
    expectHealthy(await lookAtRunning(), ["run-waits-sites"]);
  });

  it("[H1] a blob with a flipped bit, and one that is gone", async () => {
    const data = await copy();
    const bytes = await readFile(modelIn(data));
    bytes[bytes.byteLength - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(modelIn(data), bytes);
    const damaged = expectProblem(await look(data, await freePort()), "blob-damaged");
    expect(damaged.text).toContain(`model.safetensors of the release ${finished}`);
    await rm(modelIn(data));
    expectProblem(await look(data, await freePort()), "blob-missing");
  });

  it("[H1] a token that others can read, and a key that is gone", async () => {
    const data = await copy();
    await chmod(join(data, "operator.token"), 0o640);
    expectProblem(await look(data, await freePort()), "secret-readable");
    await chmod(join(data, "operator.token"), 0o600);
    await writeFile(join(data, "secrets", "coordinator.key"), "");
    expectProblem(await look(data, await freePort()), "key-damaged");
  });

  it("[H1] another program on the port", async () => {
    expectProblem(await look(await copy(), await programOnPort("hello")), "port-taken");
  });

  it("[H1] a database server that is down; its password is not printed", async () => {
    const env = { DATABASE_URL: `postgresql://engraft:hunter2@127.0.0.1:${await freePort()}/engraft` };
    const diagnosis = await look(await copy(), await freePort(), { env });
    expectProblem(diagnosis, "database-unavailable");
    expect(diagnosis.printed).not.toContain("hunter2");
  });

  it("[H1] a disk that takes no file, and a folder that is none", async () => {
    const limited = await look(await copy(), await freePort(), { under: ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh"] });
    expect(limited.problems).toContain("disk-limit");
    expectProblem(await look(join(other.dir, "nowhere"), await freePort()), "no-folder");
  });
});
