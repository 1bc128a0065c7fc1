/** A second factor over HTTP, as browsers and authenticator apps hold it. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Coordinator, type Api } from "../coordinator.fixture.ts";
import { App } from "./one-time-code.fixture.ts";

const ADA = { email: "ada@example.org", password: "an admin's password" };
const BEN = { email: "ben@example.org", password: "a researcher's password" };

let coordinator: Coordinator;
let operator: Api;
beforeAll(async () => {
  coordinator = await Coordinator.start();
  operator = await coordinator.api();
  await operator.users.create.mutate({ ...ADA, name: "Ada", role: "admin" });
  await operator.users.create.mutate({ ...BEN, name: "Ben", role: "researcher" });
});
afterAll(() => coordinator.remove());

type Headers = Readonly<Record<string, string>>;

const cookiesOf = (response: Response, before: Headers = {}): Record<string, string> => {
  const jar = new Map(
    (before["cookie"] ?? "")
      .split("; ")
      .filter(Boolean)
      .map((one) => [one.split("=")[0] ?? "", one]),
  );
  for (const set of response.headers.getSetCookie()) {
    const [pair = ""] = set.split(";");
    if (/max-age=0/i.test(set)) jar.delete(pair.split("=")[0] ?? "");
    else jar.set(pair.split("=")[0] ?? "", pair);
  }
  return { origin: coordinator.url, cookie: [...jar.values()].join("; ") };
};
const post = (path: string, headers: Headers, body: object) =>
  fetch(`${coordinator.url}/api/auth/${path}`, {
    method: "POST",
    headers: { origin: coordinator.url, ...headers, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
const works = async (headers: Headers): Promise<boolean> =>
  (await coordinator.api({ ...headers })).me.query().then(
    () => true,
    () => false,
  );
const texts = async (): Promise<readonly string[]> => (await operator.audit.list.query({})).map(({ text }) => text);

/** The first step: the browser then holds a cookie that opens nothing but the second. */
async function password({ email, password: given }: typeof ADA): Promise<{ readonly headers: Headers; readonly body: unknown }> {
  const response = await post("sign-in/email", {}, { email, password: given });
  return { headers: cookiesOf(response), body: await response.json() };
}

const app = new App();
let secret = "";
let recovery: readonly string[] = [];

it("[Z6] counts once the app's first code was right; setting up takes the password, and nothing else shows the secret", async () => {
  const ben = await coordinator.signIn(BEN.email, BEN.password);
  expect((await post("two-factor/enable", {}, { password: BEN.password })).status).toBe(401);
  expect((await post("two-factor/enable", ben, { password: "guess" })).status).toBe(400);
  const made = await post("two-factor/enable", ben, { password: BEN.password });
  const { totpURI, backupCodes } = (await made.json()) as { readonly totpURI: string; readonly backupCodes: readonly string[] };
  secret = new URL(totpURI).searchParams.get("secret") ?? "";
  recovery = backupCodes;
  expect(totpURI).toMatch(/^otpauth:\/\/totp\/Engraft:ben/);
  expect(new Set(recovery).size).toBe(10);
  // Not before a code has been right: a secret that never reached the app must not lock its owner out.
  expect(await works(await coordinator.signIn(BEN.email, BEN.password))).toBe(true);
  expect((await post("two-factor/verify-totp", ben, { code: "000000" })).status).toBe(401);
  const on = await post("two-factor/verify-totp", ben, { code: await app.code(secret) });
  expect(on.status).toBe(200);
  const now = cookiesOf(on, ben);
  expect((await (await coordinator.api(now)).me.query()).secondFactor).toBe(true);
  expect((await operator.users.list.query()).map(({ email, secondFactor }) => [email, secondFactor])).toEqual([
    [ADA.email, false],
    [BEN.email, true],
  ]);
  expect(await texts()).toContain("ben@example.org set up a second factor.");
  const rows = JSON.stringify(await coordinator.app.store.prisma.twoFactor.findMany());
  for (const open of [secret, ...recovery]) expect(rows).not.toContain(open);
});

it("[Z6] the password alone opens nothing; a wrong code neither; the right one does", async () => {
  const { headers, body } = await password(BEN);
  expect(body).toMatchObject({ twoFactorRedirect: true });
  expect(await works(headers)).toBe(false);
  expect((await post("two-factor/verify-totp", headers, { code: "000000" })).status).toBe(401);
  expect(await works(headers)).toBe(false);
  const right = await post("two-factor/verify-totp", headers, { code: await app.code(secret) });
  expect(right.status).toBe(200);
  expect(await works(cookiesOf(right, headers))).toBe(true);
  // The step is used up.
  expect((await post("two-factor/verify-totp", headers, { code: await app.code(secret) })).status).toBe(401);
});

it("[Z6] a code that was right opens nothing again, not even at the same time", async () => {
  const ada = await coordinator.signIn(ADA.email, ADA.password);
  const made = (await (await post("two-factor/enable", ada, { password: ADA.password })).json()) as { readonly totpURI: string };
  const own = new URL(made.totpURI).searchParams.get("secret") ?? "";
  const on = await post("two-factor/verify-totp", ada, { code: await app.code(own) });
  const code = await app.code(own);
  const steps = [await password(ADA), await password(ADA)];
  const statuses = await Promise.all(steps.map(async ({ headers }) => (await post("two-factor/verify-totp", headers, { code })).status));
  expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 401]);
  expect((await post("two-factor/disable", cookiesOf(on, ada), { password: ADA.password })).status).toBe(200);
});

it("[Z6] a recovery code opens once, and the log says so", async () => {
  const [code = ""] = recovery;
  const first = await password(BEN);
  const used = await post("two-factor/verify-backup-code", first.headers, { code });
  expect(used.status).toBe(200);
  expect(await works(cookiesOf(used, first.headers))).toBe(true);
  const again = await password(BEN);
  expect((await post("two-factor/verify-backup-code", again.headers, { code })).status).toBe(401);
  expect(await works(again.headers)).toBe(false);
  expect(await texts()).toContain("ben@example.org signed in with a recovery code.");
});

it("[Z6] an admin resets it: sessions end, the password alone opens again; nobody else may", async () => {
  const step = await password(BEN);
  const ben = cookiesOf(await post("two-factor/verify-totp", step.headers, { code: await app.code(secret) }), step.headers);
  const id = (await operator.users.list.query()).find(({ email }) => email === BEN.email)?.id ?? "";
  await expect((await coordinator.api(ben)).users.resetSecondFactor.mutate({ id })).rejects.toThrow("Only an admin");
  const ada = await coordinator.api(await coordinator.signIn(ADA.email, ADA.password));
  await ada.users.resetSecondFactor.mutate({ id });
  expect(await works(ben)).toBe(false);
  expect(await works(await coordinator.signIn(BEN.email, BEN.password))).toBe(true);
  await expect(ada.users.resetSecondFactor.mutate({ id })).rejects.toThrow("has no second factor");
  expect(await texts()).toContain("admin:ada@example.org reset the second factor of ben@example.org; all sessions ended.");
  expect(await coordinator.app.store.prisma.twoFactor.count()).toBe(0);
});

it("[Z6] a disabled account's second step opens nothing, and too many wrong codes use the step up", async () => {
  const ben = await coordinator.signIn(BEN.email, BEN.password);
  const made = (await (await post("two-factor/enable", ben, { password: BEN.password })).json()) as { readonly totpURI: string };
  const fresh = new URL(made.totpURI).searchParams.get("secret") ?? "";
  expect((await post("two-factor/verify-totp", ben, { code: await app.code(fresh) })).status).toBe(200);
  const guessing = await password(BEN);
  for (let guess = 0; guess < 6; guess++) await post("two-factor/verify-totp", guessing.headers, { code: `11111${guess}` });
  expect((await post("two-factor/verify-totp", guessing.headers, { code: await app.code(fresh) })).status).toBe(401);
  const step = await password(BEN);
  const id = (await operator.users.list.query()).find(({ email }) => email === BEN.email)?.id ?? "";
  await operator.users.disable.mutate({ id, disabled: true });
  const opened = await post("two-factor/verify-totp", step.headers, { code: await app.code(fresh) });
  expect(await works(cookiesOf(opened, step.headers))).toBe(false);
  await operator.users.disable.mutate({ id, disabled: false });
  await operator.users.resetSecondFactor.mutate({ id });
});

it("[Z6] its owner turns it off with the password", async () => {
  const ben = await coordinator.signIn(BEN.email, BEN.password);
  const made = (await (await post("two-factor/enable", ben, { password: BEN.password })).json()) as { readonly totpURI: string };
  const fresh = new URL(made.totpURI).searchParams.get("secret") ?? "";
  const on = cookiesOf(await post("two-factor/verify-totp", ben, { code: await app.code(fresh) }), ben);
  expect((await post("two-factor/disable", on, { password: "guess" })).status).toBe(400);
  const off = await post("two-factor/disable", on, { password: BEN.password });
  expect(off.status).toBe(200);
  expect(await works(cookiesOf(off, on))).toBe(true);
  expect(await works(await coordinator.signIn(BEN.email, BEN.password))).toBe(true);
  expect(await texts()).toContain("ben@example.org turned the second factor off.");
});
