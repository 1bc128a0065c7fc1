import { mkdtemp, readFile, readdir, rm, stat } from "node:fs/promises";
import { request, type IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { join as joinFederation } from "../commands/join.ts";
import { FakeCoordinator } from "../coordinator.fixture.ts";
import { canTrain, makePlan, offerOf, planDigest } from "../plan.fixture.ts";
import { findDecision } from "../vault/decisions.ts";
import { requireMembership, type Membership } from "../vault/federation.ts";
import { pausedSince } from "../vault/participation.ts";
import { savePlan, understandOffer } from "../vault/plans.ts";
import { findPolicy, savePolicy } from "../vault/policy.ts";
import { OPEN_POLICY } from "../rules/limits.ts";
import { makeLink } from "./access.ts";
import { tokensByMedia } from "./assets.ts";
import { cookieIn, guard } from "./guard.ts";
import { languageOf } from "./language.ts";
import { isLoopback, requireLoopback } from "./loopback.ts";
import { servePage, type RunningPage } from "./server.ts";
import { WORDS } from "./words.ts";

let home: string;
let coordinator: FakeCoordinator;
let membership: Membership;
let page: RunningPage;
let now = Date.now();

beforeEach(async () => {
  now = Date.now();
  home = await mkdtemp(join(tmpdir(), "engraft-page-"));
  coordinator = await FakeCoordinator.start();
  await joinFederation({ home, invite: coordinator.invite("vienna").text, ca: undefined, now: Date.now });
  membership = await requireMembership(home);
  page = await serve();
});
afterEach(async () => {
  await page.close();
  await coordinator.stop();
  await rm(home, { recursive: true, force: true });
});

const serve = (port = 0) => servePage({ home, membership, port, addresses: ["127.0.0.1"], now: () => now, tryPlan: canTrain });

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** As a program would ask, which may name any host and origin. */
function ask(path: string, headers: Readonly<Record<string, string>> = {}, form?: Readonly<Record<string, string>>): Promise<Answer> {
  const { pathname } = new URL(page.url);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port: page.port,
        path: path.startsWith("/") ? path : `${pathname}/${path}`,
        method: form === undefined ? "GET" : "POST",
        headers: {
          ...(form === undefined ? {} : { origin: `http://127.0.0.1:${page.port}`, "content-type": "application/x-www-form-urlencoded" }),
          ...headers,
        },
      },
      (response) => {
        let body = "";
        response.on("data", (chunk: Buffer) => (body += chunk.toString("utf8")));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      },
    );
    sent.on("error", reject);
    sent.end(form === undefined ? undefined : new URLSearchParams(form).toString());
  });
}

const cookieOf = ({ headers }: Answer): string => (headers["set-cookie"]?.[0] ?? "").split(";")[0] ?? "";
const csrfIn = ({ body }: Answer): string => /name="csrf" value="([0-9a-f]+)"/.exec(body)?.[1] ?? "";

/** A session, as a browser gets it. */
async function enter(steward = "Dr. A. Gruber"): Promise<{ readonly cookie: string; readonly csrf: string }> {
  const cookie = cookieOf(await ask("enter", {}, { code: await makeLink(home, now), steward }));
  return { cookie, csrf: csrfIn(await ask("", { cookie })) };
}

async function offer(change: Parameters<typeof makePlan>[0] = (plan) => plan): Promise<string> {
  const plan = makePlan(change);
  const understood = understandOffer(offerOf(plan));
  if (!understood.ok) throw new Error(understood.text);
  await savePlan(home, understood.offered, 1);
  return planDigest(plan);
}

describe("[Y5] the page is for this machine alone", () => {
  it.each(["0.0.0.0", "::", "192.168.0.7", "localhost", "127.0.0.1.example.org", ""])('does not bind to "%s"', async (address) => {
    expect(() => requireLoopback(address)).toThrow("binds to 127.0.0.1 or ::1");
    await expect(servePage({ home, membership, port: 0, addresses: [address], now: () => now })).rejects.toMatchObject({
      code: "bad-input",
    });
  });

  it.each(["evil.example", `evil.example:1`, "127.0.0.1", "192.168.0.7:80"])(
    "answers nothing to the host %s, with a session either",
    async (host) => {
      const { cookie } = await enter();
      const answer = await ask("", { host, cookie });
      expect([answer.status, answer.body.includes("vienna")]).toEqual([403, false]);
    },
  );

  it("takes no request that did not come from this machine, whatever its headers say", () => {
    const asked = { method: "GET", headers: { host: "127.0.0.1:9" }, port: 9 };
    expect(guard({ ...asked, remote: "10.0.0.4" })).toMatchObject({ code: "not-allowed" });
    expect(guard({ ...asked, remote: undefined })).toMatchObject({ code: "not-allowed" });
    expect(["127.0.0.1", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"].map(isLoopback)).toEqual([true, true, true, false]);
    expect(guard({ ...asked, remote: "::1", headers: { host: "[::1]:9" } })).toBeUndefined();
  });

  it("lets no other origin read or write, also not one on another port of this machine", async () => {
    const { cookie, csrf } = await enter();
    const form = { csrf, here: "", taking: "off" };
    for (const origin of ["https://evil.example", `http://127.0.0.1:${page.port + 1}`, "null", `http://localhost:${page.port}`])
      expect((await ask("participation", { cookie, origin }, form)).status).toBe(403);
    const from = (site: string, mode: string) =>
      ask("", { cookie, "sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": mode === "navigate" ? "iframe" : "empty" });
    for (const site of ["cross-site", "same-site"])
      for (const mode of ["no-cors", "navigate"]) expect((await from(site, mode)).status).toBe(403);
    expect(await pausedSince(home)).toBeUndefined();
  });

  it("takes no form without the session's token, and none with another session's", async () => {
    const [mine, other] = [await enter(), await enter("Somebody else")];
    for (const csrf of ["", "0".repeat(64), other.csrf]) {
      expect((await ask("participation", { cookie: mine.cookie }, { csrf, here: "", taking: "off" })).status).toBe(403);
      expect((await ask("policy", { cookie: mine.cookie }, { csrf, here: "policy", headOnly: "on" })).status).toBe(403);
    }
    expect(await pausedSince(home)).toBeUndefined();
    expect(await findPolicy(home)).toBeUndefined();
    expect((await ask("participation", { cookie: mine.cookie }, { csrf: mine.csrf, here: "", taking: "off" })).status).toBe(303);
    expect(await pausedSince(home)).toBe(now);
  });

  it("knows no cookie that it has not given, none twice, and none that is too old", async () => {
    const { cookie } = await enter();
    expect((await ask("", { cookie })).status).toBe(200);
    for (const foreign of ["", "engraft_page=", "engraft_page=guess", `${cookie}x`, `${cookie}; engraft_page=guess`])
      expect((await ask("", { cookie: foreign })).status).toBe(401);
    expect((await ask("log.jsonl")).status).toBe(401);
    now += 13 * 3_600_000;
    expect((await ask("", { cookie })).status).toBe(401);
    expect(cookieIn("a=1; b=2", "b")).toBe("2");
  });

  it("a session outlives the server, and no secret lies in a file", async () => {
    const { cookie } = await enter();
    const code = await makeLink(home, now);
    const { port } = page;
    await page.close();
    page = await serve(port);
    expect((await ask("", { cookie })).status).toBe(200);
    const files = (await readdir(join(home, "page"), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    for (const { parentPath, name } of files) {
      const path = join(parentPath, name);
      const text = `${name} ${await readFile(path, "utf8")}`;
      expect([text.includes(code), text.includes(cookie.split("=")[1] ?? "")]).toEqual([false, false]);
      expect((await stat(path)).mode & 0o077).toBe(0);
    }
  });

  it("a link works once and for 15 minutes; to look at it does not use it up", async () => {
    const code = await makeLink(home, now);
    for (let look = 0; look < 2; look += 1) expect((await ask(`open/${code}`)).status).toBe(200);
    expect((await ask("enter", {}, { code, steward: " " })).status).toBe(422);
    expect((await ask("enter", {}, { code, steward: "A" })).status).toBe(303);
    expect((await ask("enter", {}, { code, steward: "A" })).status).toBe(401);
    expect((await ask(`open/${code}`)).status).toBe(401);
    const late = await makeLink(home, now);
    now += 16 * 60_000;
    expect((await ask("enter", {}, { code: late, steward: "A" })).status).toBe(401);
    expect((await ask("enter", {}, { code: "../../identity", steward: "A" })).status).toBe(401);
  });

  it("two forms that send one code at once open one session", async () => {
    const code = await makeLink(home, now);
    const answers = await Promise.all([1, 2, 3].map(() => ask("enter", {}, { code, steward: "A" })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([303, 401, 401]);
  });

  it("runs no script but its own, loads nothing from elsewhere, is in no frame, and gives its cookie to no other path", async () => {
    const { cookie } = await enter();
    const { headers, body } = await ask("", { cookie });
    const policy = String(headers["content-security-policy"]);
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "form-action 'self'",
    ])
      expect(policy.split("; ")).toContain(part);
    expect(policy).not.toMatch(/unsafe|http|\*/);
    expect(headers).toMatchObject({ "x-frame-options": "DENY", "x-content-type-options": "nosniff", "cache-control": "no-store" });
    expect(body).not.toMatch(/<script(?! src="\/)|style="|\son\w+="|(src|href)="(https?:)?\/\//);
    const set = (await ask("enter", {}, { code: await makeLink(home, now), steward: "A" })).headers["set-cookie"]?.[0];
    expect(set).toMatch(new RegExp(`; Path=${new URL(page.url).pathname}/; HttpOnly; SameSite=Strict`));
  });

  it("takes no form that is none, and none that is too long", async () => {
    const { cookie, csrf } = await enter();
    expect((await ask("participation", { cookie, "content-type": "application/json" }, { csrf })).status).toBe(400);
    expect((await ask("decide", { cookie }, { csrf, reason: "x".repeat(70_000) })).status).toBe(413);
    expect((await ask("nothing", { cookie }, { csrf })).status).toBe(404);
    expect((await ask("plan/../policy", { cookie })).status).toBe(200);
    expect((await ask(`plan/${"0".repeat(64)}`, { cookie })).status).toBe(404);
    expect((await ask("/", { cookie })).status).toBe(404);
  });
});

describe("[Y1] [Y3] the page's answers", () => {
  it("are the commands' own: limits are kept with the decision, and a name that is markup is text", async () => {
    const plan = await offer();
    const { cookie, csrf } = await enter("<b>Dr.</b> A");
    const form = { csrf, here: "", plan, answer: "limits", from: "20:00", to: "06:00", threads: "1", maxRounds: "3", siteMetrics: "on" };
    const answer = await ask("decide", { cookie }, form);
    expect([answer.status, answer.headers.location]).toEqual([303, `${new URL(page.url).pathname}/plan/${plan}`]);
    expect(await findDecision(home, membership, plan)).toMatchObject({
      limits: { hours: { from: 1200, to: 360 }, threads: 1, maxRounds: 3 },
      approval: {
        decision: "approved",
        steward: "<b>Dr.</b> A",
        siteMetrics: true,
        reason: expect.stringContaining("no round after round 3") as string,
      },
    });
    const { body } = await ask(`plan/${plan}`, { cookie });
    expect(body).toContain("&lt;b&gt;Dr.&lt;/b&gt; A");
    expect(body).not.toContain("<b>Dr.");
  });

  it("are not given where the form is wrong or the policy is broken: what was entered comes back with the reason", async () => {
    const plan = await offer();
    const { cookie, csrf } = await enter();
    const decide = (form: Readonly<Record<string, string>>) => ask("decide", { cookie }, { csrf, here: `plan/${plan}`, plan, ...form });
    for (const [form, text] of [
      [{ answer: "limits", threads: "none", maxRounds: "2" }, "enter a whole number from 1"],
      [{ answer: "limits" }, "Enter at least one limit"],
      [{ answer: "refuse", reason: "  " }, "Say why"],
      [{}, "Choose one of the answers"],
    ] as const) {
      const { status, body } = await decide(form);
      expect([status, body.includes(text)]).toEqual([422, true]);
    }
    expect((await decide({ answer: "limits", threads: "none", maxRounds: "2" })).body).toMatch(/name="maxRounds"[^>]*value="2"/);
    await savePolicy(home, { policy: { ...OPEN_POLICY, secureOnly: true }, steward: "A", at: now });
    const { status, body } = await decide({ answer: "as-is" });
    expect([status, body.includes("breaks this site&#x27;s standing policy")]).toEqual([422, true]);
    await savePolicy(home, { policy: { ...OPEN_POLICY, ownFigures: false }, steward: "A", at: now });
    expect((await decide({ answer: "as-is", siteMetrics: "on" })).body).toContain("keeps figures of its own patients here");
    expect(await findDecision(home, membership, plan)).toBeUndefined();
  });

  it("set and clear the standing policy under the steward's name", async () => {
    const { cookie, csrf } = await enter();
    const set = (form: Readonly<Record<string, string>>) => ask("policy", { cookie }, { csrf, here: "policy", ...form });
    expect((await set({ headOnly: "on", keepFigures: "on", from: "18:00", to: "24:00" })).status).toBe(303);
    expect(await findPolicy(home)).toMatchObject({
      policy: { headOnly: true, secureOnly: false, ownFigures: false, hours: { from: 1080, to: 0 } },
      steward: "Dr. A. Gruber",
    });
    expect((await set({})).status).toBe(303);
    expect((await findPolicy(home))?.policy).toEqual(OPEN_POLICY);
  });
});

it("speaks the first of the browser's languages that it has, in as many words each", () => {
  expect(
    [undefined, "fr", "de-AT,de;q=0.9,en;q=0.8", "en-GB,de;q=0.7", "fr,de;q=0.2,en;q=0.1", "de;q=0,en;q=0.1"].map((accepted) =>
      languageOf(undefined, accepted),
    ),
  ).toEqual(["en", "en", "de", "en", "de", "en"]);
  expect(languageOf("en", "de")).toBe("en");
  expect(Object.keys(WORDS.de).toSorted()).toEqual(Object.keys(WORDS.en).toSorted());
});

it("takes the dashboard's dark colours where the browser asks for dark", () => {
  const css = tokensByMedia(':root { --a: 1; }\n:root[data-theme="dark"] { --a: 2; }');
  expect(css.replaceAll(/\s+/g, " ").trim()).toBe(":root { --a: 1; } @media (prefers-color-scheme: dark) { :root { --a: 2; } }");
});
