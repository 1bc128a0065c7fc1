/** A look that an admin asks for, over a real link to a coordinator of the test's own. */
import { mkdtemp, readFile, rm, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DOCTOR_CHECKS, isDoctorCode } from "@engraft/core/protocol/doctor-codes";
import { DoctorAnswer, SITE_MESSAGES_FROM } from "@engraft/core/protocol/site-messages";
import { ok, problem, type Check } from "@engraft/runtime/doctor";
import type { Link } from "@engraft/runtime/link";
import { openLog } from "@engraft/runtime/log";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FakeCoordinator } from "../coordinator.fixture.ts";
import { join as joinFederation } from "../commands/join.ts";
import { SiteAudit } from "../vault/audit.ts";
import { requireMembership } from "../vault/federation.ts";
import { allowDoctor, forbidDoctor } from "../vault/remote-doctor.ts";
import { inCodes, SiteWord, wayTo } from "./site-word.ts";

let home: string;
let coordinator: FakeCoordinator;
let audit: SiteAudit;
let sent: unknown[];
let looked: string[];
/** What a look waits for. */
let held: Promise<void>;
const stop = new AbortController();

const ID = "A".repeat(16);
const checks: readonly Check[] = [
  {
    name: "node",
    title: "Node",
    look: async () => {
      looked.push("node");
      await held;
      return ok("v24 at /opt/node");
    },
  },
  { name: "tables", title: "Tables", look: async () => problem("data-missing", "/srv/patients.csv is gone.", "Put it back.") },
  { name: "secret-plans", title: "Of a newer version", look: async () => problem("brand-new", "Something.", "Do.") },
];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "engraft-word-"));
  coordinator = await FakeCoordinator.start();
  await joinFederation({ home, invite: coordinator.invite("vienna").text, ca: undefined, now: () => 7 });
  audit = await SiteAudit.open(home, await requireMembership(home), () => 9);
  sent = [];
  looked = [];
  held = Promise.resolve();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await audit.close();
  await coordinator.stop();
  await rm(home, { recursive: true, force: true });
});

async function word(): Promise<SiteWord> {
  const membership = await requireMembership(home);
  return new SiteWord({
    home,
    membership,
    audit,
    log: openLog("test", "silent"),
    now: () => 9,
    ca: undefined,
    signal: stop.signal,
    checks,
  });
}

/** Keeps what would leave. */
const link = (): Pick<Link, "open" | "send" | "sendStatement"> => ({
  open: true,
  send: (type, value) => void sent.push([type, value]),
  sendStatement: (envelope) => void sent.push(DoctorAnswer.parse(JSON.parse(envelope.payload))),
});

it("[J6] where the steward has not allowed it, or has taken that back, nothing is looked at, and the log says who asked", async () => {
  const site = await word();
  site.connected(link(), SITE_MESSAGES_FROM, coordinator.url);
  await site.asked({ id: ID, at: 8 });
  await allowDoctor(home, 8);
  await forbidDoctor(home);
  await site.asked({ id: ID, at: 8 });
  const no = { id: ID, at: 9, outcome: "not-allowed" };
  expect(sent.slice(1)).toEqual([no, no]);
  expect(looked).toEqual([]);
  expect(await readFile(join(home, "audit.jsonl"), "utf8")).toMatch(/"action":"doctor\.asked".*"detail":\{"allowed":false\}/);
});

it("[J7] allowed, it answers in names and codes alone; what the table does not know is called other", async () => {
  await allowDoctor(home, 8);
  const site = await word();
  site.connected(link(), SITE_MESSAGES_FROM, coordinator.url);
  let release = (): void => undefined;
  held = new Promise((resolve) => (release = resolve));
  const first = site.asked({ id: ID, at: 8 });
  await vi.waitFor(() => expect(looked).toEqual(["node"]));
  await site.asked({ id: "B".repeat(16), at: 8 });
  release();
  await first;
  expect(sent).toContainEqual({ id: "B".repeat(16), at: 9, outcome: "busy" });
  expect(sent).toContainEqual({
    id: ID,
    at: 9,
    outcome: "looked",
    findings: [
      { check: "node", level: "ok", code: "ok" },
      { check: "tables", level: "problem", code: "data-missing" },
      { check: "agent", level: "problem", code: "other" },
    ],
  });
  expect(inCodes({ check: "disk", title: "Disk", level: "problem", code: "/home/x", text: "", next: null })).toEqual({
    check: "disk",
    level: "problem",
    code: "other",
  });
});

it("tells a coordinator of an older protocol nothing", async () => {
  const site = await word();
  site.connected(link(), SITE_MESSAGES_FROM - 1, coordinator.url);
  await site.look(true);
  expect(sent).toEqual([]);
});

it("says by which kind of proxy it goes, and no address", () => {
  vi.stubEnv("NO_PROXY", "");
  const way = (proxy: string): string => {
    vi.stubEnv("HTTPS_PROXY", proxy);
    vi.stubEnv("https_proxy", proxy);
    return wayTo("https://coordinator.example");
  };
  expect([way(""), way("http://proxy:3128"), way("http://me:secret@proxy:3128"), way("https://proxy:3129")]).toEqual([
    "direct",
    "proxy",
    "proxy-with-password",
    "tls-proxy",
  ]);
});

it("[J7] the table knows every check and every code that doctor's source names", async () => {
  const folders = [new URL("../doctor/", import.meta.url), new URL("../../../../packages/runtime/src/", import.meta.url)];
  const files = (await Promise.all(folders.map(async (folder) => (await readdir(folder)).map((name) => new URL(name, folder))))).flat();
  const sources = files.filter(
    ({ pathname }) => /\/(?:doctor[^/]*|[^/]*)\.ts$/.test(pathname) && /doctor/.test(pathname) && !/test/.test(pathname),
  );
  const text = (await Promise.all(sources.map((file) => readFile(file, "utf8")))).join("\n");
  const codes = [...text.matchAll(/\b(?:problem|warning)\(\s*"([a-z-]+)"/g)].map(([, code = ""]) => code);
  expect(codes.length).toBeGreaterThan(40);
  expect(codes.filter((code) => !isDoctorCode(code))).toEqual([]);
  const names = [...text.matchAll(/\bname: "([a-z-]+)",\s*title:/g)].map(([, name = ""]) => name);
  expect(names.filter((name) => !(DOCTOR_CHECKS as readonly string[]).includes(name))).toEqual([]);
  expect(new Set(names).size).toBe(DOCTOR_CHECKS.length);
});
