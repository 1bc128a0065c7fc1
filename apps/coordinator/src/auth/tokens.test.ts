/** Personal tokens over HTTP, as curl would use them. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { appRouter } from "../api/router.ts";
import type { Scope } from "../api/access.ts";
import { Coordinator, type Api } from "../coordinator.fixture.ts";

const DAY_MS = 86_400_000;
const PASSWORDS = { "ada@example.org": "an admin's password", "ben@example.org": "a researcher's password" } as const;
type Person = keyof typeof PASSWORDS;

const PROCEDURES = appRouter._def.procedures as unknown as Readonly<Record<string, { readonly _def: { readonly type: string } }>>;

let coordinator: Coordinator;
let operator: Api;
beforeAll(async () => {
  coordinator = await Coordinator.start();
  operator = await coordinator.api();
  const make = (email: Person, role: "admin" | "researcher") =>
    operator.users.create.mutate({ email, name: email, password: PASSWORDS[email], role });
  await make("ada@example.org", "admin");
  await make("ben@example.org", "researcher");
});
afterAll(() => coordinator.remove());

const signedIn = async (email: Person): Promise<Api> => coordinator.api(await coordinator.signIn(email, PASSWORDS[email]));
const made = async (email: Person, scopes: readonly Scope[], days?: number) =>
  (await signedIn(email)).tokens.create.mutate({ name: "notebook", scopes: [...scopes], ...(days === undefined ? {} : { days }) });
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A live view answers 200 and says in its stream what is wrong: here always something. */
async function firstError({ body }: Response): Promise<string> {
  let text = "";
  for await (const chunk of body ?? []) {
    text += Buffer.from(chunk).toString("utf8");
    if (/event: serialized-error\s+data: .*\n|data: .*\n.*event: serialized-error/.test(text)) break;
  }
  return text;
}

/** As curl: the status, and the text of what was said. */
async function call(path: string, secret: string): Promise<Answer> {
  const { type } = PROCEDURES[path]?._def ?? {};
  const stop = new AbortController();
  const url = path.startsWith("/")
    ? `${coordinator.url}${path}`
    : `${coordinator.url}/trpc/${path}${type === "mutation" ? "" : "?input=%7B%7D"}`;
  const response = await fetch(url, {
    method: type === "mutation" ? "POST" : path.startsWith("/blobs") ? "PUT" : "GET",
    headers: { ...bearer(secret), ...(type === "mutation" ? { "content-type": "application/json" } : {}) },
    ...(type === "mutation" ? { body: '"no procedure takes this"' } : {}),
    signal: stop.signal,
  });
  const text = type === "subscription" ? await firstError(response) : await response.text();
  stop.abort();
  return { status: response.status, text };
}

describe("routes", () => {
  it("[U2] holds at downloads, uploads, records, the audit log and the backup", async () => {
    const { secret: runs } = await made("ada@example.org", ["read:runs"]);
    const { secret: models } = await made("ada@example.org", ["read:models"]);
    const { secret: admin } = await made("ada@example.org", ["admin"]);
    const statuses = async (path: string) => Promise.all([runs, models, admin].map(async (secret) => (await call(path, secret)).status));
    expect(await statuses("/releases/none.1/model.safetensors")).toEqual([403, 404, 404]);
    expect(await statuses("/records/none.1/1/record.json")).toEqual([404, 403, 404]);
    expect((await statuses(`/blobs/${"0".repeat(64)}`)).slice(0, 2)).toEqual([403, 403]);
    expect(await statuses("/audit/export")).toEqual([403, 403, 200]);
    expect(await statuses("/backup")).toEqual([403, 403, 403]);
  });
});

describe("a token", () => {
  it("[U3] is shown once, kept as a hash alone, and in no log or audit entry", async () => {
    const ben = await signedIn("ben@example.org");
    const { secret, id, expiresAt, createdAt } = await made("ben@example.org", ["read:models", "read:runs"]);
    expect(secret).toMatch(/^engraft_[A-Za-z0-9_-]{43}$/);
    expect(expiresAt - createdAt).toBe(90 * DAY_MS);
    expect(await (await coordinator.api(bearer(secret))).me.query()).toMatchObject({ email: "ben@example.org", role: "researcher" });
    const view = (await ben.tokens.list.query()).find((one) => one.id === id);
    expect(view).toMatchObject({ name: "notebook", counts: true, scopes: ["read:models", "read:runs"], lastUsedAt: expect.any(Number) });
    expect(JSON.stringify(await ben.tokens.list.query())).not.toContain(secret.slice(8));
    const rows = await coordinator.app.store.prisma
      .$queryRaw`SELECT row_to_json(t) FROM "token" t UNION ALL SELECT row_to_json(a) FROM "audit" a`;
    expect(JSON.stringify(rows)).not.toContain(secret.slice(8, 30));
    const found = await readdir(coordinator.data, { recursive: true, withFileTypes: true });
    for (const file of found.filter((one) => one.isFile()))
      expect((await readFile(join(file.parentPath, file.name))).includes(secret.slice(8))).toBe(false);
    const entries = await operator.audit.list.query({});
    expect(entries.find(({ action }) => action === "token.created")?.text).toMatch(
      /made a token for ben@example.org \(read:models read:runs\)/,
    );
  });

  it("[U4] says whether it is unknown, expired or revoked, and what to do", async () => {
    const { secret, id } = await made("ben@example.org", ["read:runs"], 1);
    expect((await call("runs.list", secret)).status).toBe(200);
    expect(await call("runs.list", `${secret.slice(0, -1)}${secret.endsWith("A") ? "B" : "A"}`)).toMatchObject({
      status: 401,
      text: expect.stringContaining("not known here"),
    });
    coordinator.clock = Date.now() + DAY_MS + 1_000;
    expect(await call("runs.list", secret)).toMatchObject({ status: 401, text: expect.stringContaining("expired on") });
    expect(await call("/releases/none.1/plan.json", secret)).toMatchObject({
      status: 401,
      text: expect.stringContaining("Make a new one"),
    });
    coordinator.clock = 0;
    await (await signedIn("ben@example.org")).tokens.revoke.mutate({ id });
    expect(await call("runs.list", secret)).toMatchObject({ status: 401, text: expect.stringContaining("was revoked on") });
  });

  it("[U2] follows its owner: a role taken away, an account barred or deleted counts at once", async () => {
    const { prisma } = coordinator.app.store;
    const cleo = { email: "cleo@example.org", name: "Cleo", password: "another password", role: "admin" } as const;
    await operator.users.create.mutate(cleo);
    const { secret } = await operator.tokens.create.mutate({ name: "ci", scopes: ["admin"], owner: cleo.email });
    expect((await call("users.list", secret)).status).toBe(200);
    await prisma.user.update({ where: { email: cleo.email }, data: { role: "researcher" } });
    expect(await call("users.list", secret)).toMatchObject({ status: 403, text: expect.stringContaining("Only an admin") });
    expect((await call("runs.list", secret)).status).toBe(200);
    await prisma.user.update({ where: { email: cleo.email }, data: { banned: true } });
    expect(await call("runs.list", secret)).toMatchObject({ status: 401, text: expect.stringContaining("may not sign in") });
    await prisma.user.delete({ where: { email: cleo.email } });
    expect(await call("runs.list", secret)).toMatchObject({ status: 401, text: expect.stringContaining("not known here") });
  });

  it("[U2] is made for oneself, within one's role, for at most a year; another's cannot be revoked by a researcher", async () => {
    const ben = await signedIn("ben@example.org");
    const make = (input: object) => ben.tokens.create.mutate({ name: "x", scopes: ["read:runs"], ...input });
    await expect(make({ scopes: ["admin"] })).rejects.toThrow("Only an admin's token");
    await expect(make({ owner: "ada@example.org" })).rejects.toThrow("made by the person");
    await expect(make({ days: 366 })).rejects.toThrow("at most a year");
    await expect(make({ name: "engraft_abc" })).rejects.toThrow("a token is no name");
    const { id, secret } = await made("ada@example.org", ["read:runs"]);
    await expect(ben.tokens.revoke.mutate({ id })).rejects.toThrow("no token with this id");
    expect((await ben.tokens.list.query()).map((one) => one.owner)).not.toContain("ada@example.org");
    await operator.tokens.revoke.mutate({ id });
    expect((await call("runs.list", secret)).status).toBe(401);
  });

  it("[U4] is no way around a foreign page's bounds, and wrong ones are slowed down while right ones go on", async () => {
    const { secret } = await made("ada@example.org", ["admin"]);
    const foreign = await fetch(`${coordinator.url}/trpc/blobs.collect`, {
      method: "POST",
      headers: { ...bearer(secret), origin: "https://evil.example" },
    });
    expect(foreign.status).toBe(403);
    expect(foreign.headers.get("access-control-allow-origin")).toBeNull();
    const answers: number[] = [];
    for (let tries = 0; tries < 30; tries++) answers.push((await call("runs.list", `engraft_${"x".repeat(43)}`)).status);
    expect(answers).toContain(401);
    expect(answers.at(-1)).toBe(429);
    expect((await call("runs.list", secret)).status).toBe(200);
  });
});
