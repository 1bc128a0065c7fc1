/** Sessions over HTTP, as browsers hold them. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Coordinator, type Api } from "../coordinator.fixture.ts";

const HOUR = 3_600_000;
const ADA = { email: "ada@example.org", password: "an admin's password" };
const BEN = { email: "ben@example.org", password: "a researcher's password" };

let coordinator: Coordinator;
let operator: Api;
beforeAll(async () => {
  coordinator = await Coordinator.start({ sessions: { idleMs: HOUR, longestMs: 8 * HOUR } });
  operator = await coordinator.api();
  await operator.users.create.mutate({ ...ADA, name: "Ada", role: "admin" });
  await operator.users.create.mutate({ ...BEN, name: "Ben", role: "researcher" });
});
afterAll(() => coordinator.remove());

type Headers = Readonly<Record<string, string>>;
const signIn = ({ email, password }: typeof ADA): Promise<Record<string, string>> => coordinator.signIn(email, password);
const apiOf = (headers: Headers): Promise<Api> => coordinator.api({ ...headers });
const works = async (headers: Headers): Promise<boolean> =>
  (await apiOf(headers)).me.query().then(
    () => true,
    () => false,
  );
const userId = async (email: string): Promise<string> => (await operator.users.list.query()).find((user) => user.email === email)?.id ?? "";
const post = (path: string, headers: Headers, body = "{}") =>
  fetch(`${coordinator.url}${path}`, { method: "POST", headers: { "content-type": "application/json", ...headers }, body });

describe("a session", () => {
  it("[Z1] ends after so long without a request, and so long after signing in however often it was used", async () => {
    const [used, idle] = [await signIn(ADA), await signIn(BEN)];
    const began = Date.now();
    for (let minutes = 50; minutes < 8 * 60; minutes += 50) {
      coordinator.clock = began + minutes * 60_000;
      expect(`${minutes} ${await works(used)}`).toBe(`${minutes} true`);
    }
    expect(await works(idle)).toBe(false);
    coordinator.clock = began + 8 * HOUR + 1_000;
    expect(await works(used)).toBe(false);
    coordinator.clock = 0;
    // Removed, not only passed over.
    expect(await works(used)).toBe(false);
  });

  it("[Z1] is another one after each sign-in; the one that the browser brought along ends, so a planted one is worth nothing", async () => {
    const first = await signIn(BEN);
    const again = await post("/api/auth/sign-in/email", first, JSON.stringify(BEN));
    const cookie = again.headers
      .getSetCookie()
      .map((one) => one.split(";")[0])
      .join("; ");
    expect(cookie).not.toBe(first["cookie"]);
    expect(await works(first)).toBe(false);
    expect(await works({ cookie })).toBe(true);
    expect(again.headers.getSetCookie().join(" ")).toMatch(/HttpOnly/i);
    expect(again.headers.getSetCookie().join(" ")).toMatch(/SameSite=Lax/i);
    const planted = { cookie: "engraft.session_token=planted.planted" };
    const with_ = await post("/api/auth/sign-in/email", { ...planted, origin: coordinator.url }, JSON.stringify(BEN));
    expect(with_.headers.getSetCookie().join()).not.toContain("planted");
    expect(await works(planted)).toBe(false);
  });

  it("[Z2] all end with a new password, which needs the old one and is asked for only so often", async () => {
    const [here, there] = [await signIn(BEN), await signIn(BEN)];
    const ben = await apiOf(here);
    await expect(ben.sessions.changePassword.mutate({ current: "guess", next: "another password" })).rejects.toThrow("not right");
    await expect(ben.sessions.changePassword.mutate({ current: BEN.password, next: "short" })).rejects.toThrow("at least 10");
    await ben.sessions.changePassword.mutate({ current: BEN.password, next: "another password" });
    expect([await works(here), await works(there)]).toEqual([false, false]);
    await expect(signIn(BEN)).rejects.toThrow("401");
    const fresh = await apiOf(await coordinator.signIn(BEN.email, "another password"));
    const guesses = await Promise.allSettled(
      Array.from({ length: 8 }, () => fresh.sessions.changePassword.mutate({ current: "guess", next: "yet another one" })),
    );
    expect(guesses.map((guess) => guess.status === "rejected" && String(guess.reason)).join()).toContain("Too many wrong passwords");
    coordinator.clock = Date.now() + HOUR / 2;
    await fresh.sessions.changePassword.mutate({ current: "another password", next: BEN.password });
    coordinator.clock = 0;
    expect((await operator.audit.list.query({})).map(({ text }) => text)).toContain(
      "ben@example.org changed the password; all sessions ended.",
    );
  });

  it("[Z2] all of one's own are listed and end at once, open live views too; an admin ends anybody's", async () => {
    const [here, there] = [await signIn(BEN), await signIn(BEN)];
    const list = await (await apiOf(here)).sessions.list.query();
    expect(list.filter((session) => session.here)).toHaveLength(1);
    expect(list.length).toBeGreaterThanOrEqual(2);
    expect(JSON.stringify(list)).not.toContain(here["cookie"]?.split("=")[1]?.split(".")[0]);
    const live = await fetch(`${coordinator.url}/trpc/live?input=${encodeURIComponent('{"run":null}')}`, { headers: there });
    const ended = live.text();
    await (await apiOf(here)).sessions.endAll.mutate();
    await ended;
    expect([await works(here), await works(there)]).toEqual([false, false]);
    const ada = await signIn(ADA);
    const ben = await signIn(BEN);
    await expect((await apiOf(ben)).users.signOut.mutate({ id: await userId(ADA.email) })).rejects.toThrow("Only an admin");
    await (await apiOf(ada)).users.signOut.mutate({ id: await userId(BEN.email) });
    expect([await works(ben), await works(ada)]).toEqual([false, true]);
  });

  it("[Z3] a disabled account signs in no more, and its sessions and tokens end; another role counts at once", async () => {
    const ben = await signIn(BEN);
    const { secret } = await (await apiOf(ben)).tokens.create.mutate({ name: "x", scopes: ["read:runs"] });
    const id = await userId(BEN.email);
    await operator.users.disable.mutate({ id, disabled: true });
    expect([await works(ben), await works({ authorization: `Bearer ${secret}` })]).toEqual([false, false]);
    await expect(signIn(BEN)).rejects.toThrow(/40[13]/);
    await operator.users.disable.mutate({ id, disabled: false });
    const again = await signIn(BEN);
    await operator.users.setRole.mutate({ id, role: "viewer" });
    expect(await works(again)).toBe(false);
    expect(await (await apiOf(await signIn(BEN))).me.query()).toMatchObject({ role: "viewer" });
    await operator.users.setRole.mutate({ id, role: "researcher" });
  });

  it("[Z3] nobody disables themselves, and the last admin stays one", async () => {
    const ada = await apiOf(await signIn(ADA));
    const id = await userId(ADA.email);
    await expect(ada.users.disable.mutate({ id, disabled: true })).rejects.toThrow("cannot disable yourself");
    await expect(operator.users.disable.mutate({ id, disabled: true })).rejects.toThrow("Somebody must be an admin");
    await expect(ada.users.setRole.mutate({ id, role: "viewer" })).rejects.toThrow("Somebody must be an admin");
    expect(await ada.me.query()).toMatchObject({ role: "admin" });
  });
});

describe("a page of another origin", () => {
  it("[Z4] writes nothing with this browser's session: not by Origin, by Sec-Fetch-Site, or by leaving both out", async () => {
    const { cookie = "" } = await signIn(ADA);
    const write = (headers: Headers) => post("/trpc/sites.invite", { cookie, ...headers }, JSON.stringify({ site: "graz", hours: 1 }));
    const own = coordinator.url;
    const foreign: readonly Headers[] = [
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: `${own}.evil.example` },
      { origin: own.replace("127.0.0.1", "127.0.0.1.evil.example") },
      { origin: own, "sec-fetch-site": "cross-site" },
      { origin: own, "sec-fetch-site": "same-site" },
      { "sec-fetch-site": "cross-site" },
      {},
    ];
    for (const headers of foreign)
      expect(`${JSON.stringify(headers)} ${(await write(headers)).status}`).toBe(`${JSON.stringify(headers)} 403`);
    for (const headers of [{ origin: own, "sec-fetch-site": "same-origin" }, { "sec-fetch-site": "same-origin" }, { origin: own }])
      expect((await write(headers)).status).toBe(200);
    for (const path of ["/api/auth/sign-out", "/api/auth/sign-in/email", "/trpc/users.create"])
      expect((await post(path, { cookie, origin: "https://evil.example" })).status).toBe(403);
    expect(
      (await fetch(`${own}/blobs/${"0".repeat(64)}`, { method: "PUT", headers: { cookie, origin: "https://evil.example" } })).status,
    ).toBe(403);
    expect(await works({ cookie })).toBe(true);
    // A form of another page cannot send JSON; what it can send is not taken.
    const form = await fetch(`${own}/trpc/sites.invite`, {
      method: "POST",
      headers: { cookie, origin: own, "content-type": "text/plain" },
      body: JSON.stringify({ site: "linz", hours: 1 }),
    });
    expect(form.status).toBe(415);
  });

  it("[Z5] frames nothing, runs no script of its own, and learns no address of a shared run", async () => {
    const [page, shared] = await Promise.all(["/", "/share/secret"].map((path) => fetch(`${coordinator.url}${path}`)));
    const policy = page?.headers.get("content-security-policy") ?? "";
    expect(page?.headers.get("x-frame-options")).toBe("DENY");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(/script-src ([^;]*)/.exec(policy)?.[1]).toMatch(/^'self' 'nonce-[A-Za-z0-9+/=]{24}'$/);
    expect(shared?.headers.get("content-security-policy")).not.toBe(policy);
    expect(shared?.headers.get("referrer-policy")).toBe("no-referrer");
    expect(shared?.headers.get("x-robots-tag")).toBe("noindex, nofollow");
  });
});
