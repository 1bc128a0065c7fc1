/** Audit logs and tokens through the real binaries: of the coordinator and of sites, whole, exported, altered and after a crash. */
import { execFile } from "node:child_process";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { sha256 } from "@engraft/core/crypto/digest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run as runProgram } from "../tools/federation/program.ts";
import { Heart, shortPlan } from "./support/heart.ts";

const ALTERED = 85;

interface Entry {
  readonly seq: number;
  readonly action: string;
  readonly subject: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

const entriesOf = (text: string): readonly Entry[] =>
  text
    .split("\n")
    .filter((line) => line.startsWith('{"action"'))
    .map((line) => JSON.parse(line) as Entry);

const execute = promisify(execFile);
const PROGRAMS = { site: "../apps/site-agent/bin/engraft-site.js", coordinator: "../apps/coordinator/bin/engraft-coordinator.js" };

/** What a program writes to stdout, as it is. */
const outputOf = async (program: keyof typeof PROGRAMS, ...args: string[]): Promise<string> =>
  (await execute(process.execPath, [fileURLToPath(new URL(PROGRAMS[program], import.meta.url)), ...args], { maxBuffer: 2 ** 28 })).stdout;

let heart: Heart;
let run = "";
let key = "";
beforeAll(async () => {
  // Killed when its first update is entered and has not left: the second thing that leaves, after the decision.
  heart = await Heart.start({
    sites: ["cleveland", "hungary"],
    plan: (plan) => ({ ...shortPlan(2)(plan), cohort: { ...plan.cohort, graceSeconds: 120 } }),
    agentEnv: { hungary: { ENGRAFT_CRASH_AT: "audit.left:2" } },
  });
  const { federation } = heart;
  key = (JSON.parse(await readFile(join(federation.siteDir("hungary"), "federation.json"), "utf8")) as { coordinator: string }).coordinator;
  run = await heart.startRun();
  await heart.until(run, () => federation.agents.get("hungary")?.alive === false);
  await federation.startAgent("hungary");
  await heart.untilPhase(run, "finished");
});
afterAll(() => heart.stop());

describe("a site's audit log", () => {
  const logOf = (site: string): string => join(heart.federation.siteDir(site), "audit.jsonl");
  const verify = (site: string, ...args: string[]) => heart.federation.siteCommand(site, "audit", "verify", ...args);

  it("[A8] names every statement that the coordinator has of the site, by bytes and digest, also where the site was killed in between", async () => {
    const { events } = await (await heart.federation.api()).runs.get.query({ run });
    for (const site of ["cleveland", "hungary"]) {
      const left = entriesOf(await readFile(logOf(site), "utf8")).filter(({ action }) => action === "left");
      const accepted = events.flatMap(({ event }) => (event.type === "update.accepted" && event.site === site ? [event] : []));
      expect(accepted).toHaveLength(2);
      for (const { statement, update, round } of accepted) {
        const entry = left.find(({ detail }) => detail["sha256"] === statement);
        expect(entry).toMatchObject({
          subject: run,
          detail: { what: "update", round, to: key, bodyBytes: update.bytes, bodySha256: update.digest },
        });
      }
      expect(left.some(({ detail }) => detail["what"] === "evaluation")).toBe(true);
    }
    const again = entriesOf(await readFile(logOf("hungary"), "utf8")).filter(
      ({ action, detail }) => action === "left" && detail["again"] === true,
    );
    expect(again.length).toBeGreaterThan(0);
    expect(await verify("hungary")).toMatchObject({ code: 0 });
  });

  it("[A8] is read by people, and exported", async () => {
    const shown = (await heart.federation.siteCommand("cleveland", "audit")).stdout as readonly unknown[] as readonly Entry[];
    expect(shown.map(({ action }) => action)).toEqual(expect.arrayContaining(["plan.offered", "decided", "asked", "left"]));
    const home = heart.federation.siteDir("cleveland");
    const file = join(heart.dir, "cleveland.jsonl");
    await writeFile(file, await outputOf("site", "--home", home, "audit", "export"));
    expect(await verify("cleveland", file)).toMatchObject({ code: 0 });
    expect(await verify("hungary", file)).toMatchObject({ code: ALTERED });
    const syslog = (await outputOf("site", "--home", home, "audit", "export", "--format", "syslog")).trimEnd().split("\n");
    expect(syslog).toHaveLength(entriesOf(await readFile(file, "utf8")).length);
    for (const line of syslog) expect(line).toMatch(/^<1(?:09|10)>1 \d{4}-/);
  });

  it("[A6] [A3] heals a torn line at start, and names an altered entry", async () => {
    const { federation } = heart;
    await federation.agents.get("hungary")?.crash();
    await appendFile(logOf("hungary"), '{"action":"left","actor":"si');
    expect(await verify("hungary")).toMatchObject({ code: 0, stdout: [expect.objectContaining({ ok: true, torn: true })] });
    await federation.startAgent("hungary");
    expect(await verify("hungary")).toMatchObject({ code: 0, stdout: [expect.objectContaining({ torn: false })] });
    await federation.agents.get("hungary")?.stop();
    const text = await readFile(logOf("hungary"), "utf8");
    const second = entriesOf(text).find(({ action }) => action === "left");
    await writeFile(logOf("hungary"), text.replace(/"bytes":\d/, '"bytes":0'));
    expect(await verify("hungary")).toMatchObject({ code: ALTERED, stdout: [expect.objectContaining({ ok: false, seq: second?.seq })] });
  });
});

describe("tokens and the coordinator's audit log", () => {
  it("[U2] [U4] a token of the command line's fetches a release with its digest and a range, until it is revoked", async () => {
    const { federation } = heart;
    await federation.coordinatorCommandOk("user", "create", "--email", "ben@example.org", "--name", "Ben", "--role", "researcher");
    const refused = await federation.coordinatorCommand("token", "create", "--for", "ben@example.org", "--scopes", "admin");
    expect(refused.code).toBe(4);
    const made = (await federation.coordinatorCommandOk("token", "create", "--for", "ben@example.org")) as unknown as {
      secret: string;
      id: string;
    };
    const headers = { authorization: `Bearer ${made.secret}` };
    const file = `${federation.url}/releases/${run}/model.safetensors`;
    const whole = await fetch(file, { headers });
    const bytes = Buffer.from(await whole.arrayBuffer());
    expect(whole.headers.get("x-engraft-sha256")).toBe(sha256(bytes));
    const rest = await fetch(file, { headers: { ...headers, range: "bytes=100-", "if-match": whole.headers.get("etag") ?? "" } });
    expect([rest.status, Buffer.from(await rest.arrayBuffer()).equals(bytes.subarray(100))]).toEqual([206, true]);
    expect((await fetch(`${federation.url}/audit/export`, { headers })).status).toBe(403);
    expect(JSON.stringify((await federation.coordinatorCommand("token", "list")).stdout)).not.toContain(made.secret.slice(8));
    await federation.coordinatorCommandOk("token", "revoke", made.id);
    expect((await fetch(file, { headers })).status).toBe(401);
    expect(await readFile(join(heart.dir, "log", "coordinator.log"), "utf8")).not.toContain(made.secret.slice(8));
  });

  it("[A5] [A7] is verified in place, and as a file without the coordinator; every altered byte is named", async () => {
    const { federation } = heart;
    const reach = ["--url", federation.url, "--data", federation.coordinatorDir];
    expect(await federation.coordinatorCommand("audit", "verify")).toMatchObject({ code: 0 });
    const exported = await outputOf("coordinator", "audit", "export", ...reach);
    expect(exported.trimEnd().split("\n").at(-1)).toMatch(/^\{"head"/);
    expect(entriesOf(exported).map(({ action }) => action)).toEqual(
      expect.arrayContaining(["run.started", "release.made", "token.created", "token.revoked"]),
    );
    const syslog = await outputOf("coordinator", "audit", "export", "--format", "syslog", "--since", "1d", ...reach);
    expect(syslog).toMatch(/^<110>1 .* engraft-coordinator - [a-z.]+ \[audit@32473 seq="1"/);
    await federation.coordinator.stop();
    const file = join(heart.dir, "coordinator.jsonl");
    await writeFile(file, exported);
    expect(await federation.coordinatorCommand("audit", "verify", file, "--key", key)).toMatchObject({ code: 0 });
    const elsewhere = await runProgram("engraft", ["audit", "verify", file, "--key", key, "--json"], {
      name: "verify",
      log: join(heart.dir, "log", "verify.log"),
    });
    expect(elsewhere).toMatchObject({ code: 0, result: { ok: true } });
    const other = await federation.coordinatorCommand("audit", "verify", file, "--key", `${key.slice(0, -2)}AA`);
    expect(other.code).toBe(ALTERED);
    const bytes = Buffer.from(exported);
    for (let nth = 1; nth <= 4; nth++) {
      const changed = Buffer.from(bytes);
      const at = Math.floor((nth * bytes.length) / 5);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await writeFile(file, changed);
      const seq = entriesOf(exported.slice(0, exported.lastIndexOf("\n", at) + 1)).length + 1;
      expect(await federation.coordinatorCommand("audit", "verify", file, "--key", key)).toMatchObject({
        code: ALTERED,
        stdout: [expect.objectContaining({ seq })],
      });
    }
  });
});
