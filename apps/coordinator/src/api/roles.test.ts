/** The table of roles against the code, and the code against the table: everybody calls everything. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { Coordinator, type Api, type SiteLink } from "../coordinator.fixture.ts";
import { ROUTES, routeOf } from "../http/routes.ts";
import { ACCESS, accessTable, refusal, ROLES, type Role, type Scope } from "./access.ts";
import { appRouter } from "./router.ts";

const PEOPLE: Readonly<Record<Role, string>> = { viewer: "vera@example.org", researcher: "ben@example.org", admin: "ada@example.org" };
const PASSWORD = "the same for all of them";
const PROCEDURES = appRouter._def.procedures as unknown as Readonly<Record<string, { readonly _def: { readonly type: string } }>>;
const AGENT = "WS /agent";

let coordinator: Coordinator;
let operator: Api;
let run: string;
let shareSecret: string;
let links: readonly SiteLink[];
beforeAll(async () => {
  coordinator = await Coordinator.start();
  operator = await coordinator.api();
  for (const role of ROLES) await operator.users.create.mutate({ email: PEOPLE[role], name: role, password: PASSWORD, role });
  const ada = await as("admin");
  const plan = await coordinator.approvedPlan(ada, ["graz", "linz"]);
  links = plan.links;
  ({ run } = await ada.runs.start.mutate({ plan: plan.digest }));
  await ada.runs.pause.mutate({ run });
  const link = await ada.share.create.mutate({ run, days: 1, siteFigures: false });
  shareSecret = link.url.split("/share/")[1] ?? "";
});
afterAll(async () => {
  for (const { link } of links) link.close("link-lost", "done");
  await coordinator.remove();
});

const signedIn = (role: Role) => coordinator.signIn(PEOPLE[role], PASSWORD);
const as = async (role: Role): Promise<Api> => coordinator.api(await signedIn(role));
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

/** A live view answers 200 and says in its stream what is wrong: `{}` is never its input. */
async function firstError({ body }: Response): Promise<string> {
  let text = "";
  for await (const chunk of body ?? []) {
    text += Buffer.from(chunk).toString("utf8");
    if (/event: serialized-error\s+data: .*\n|data: .*\n.*event: serialized-error/.test(text)) break;
  }
  return text;
}

/** The request that stands for an entry of the table: what may make it fails for another reason, its input. */
function sample(name: string): { readonly url: string; readonly method: string; readonly body?: string } {
  const type = PROCEDURES[name]?._def.type;
  if (type === "mutation") return { url: `${coordinator.url}/trpc/${name}`, method: "POST", body: '"no procedure takes this"' };
  if (type !== undefined) return { url: `${coordinator.url}/trpc/${name}?input=%7B%7D`, method: "GET" };
  const [method = "", path = ""] = name.split(" ");
  const filled = path
    .replace("<sha256>", "0".repeat(64))
    .replace(/<(id|run)>/, "none.1")
    .replace("<round>", "1")
    .replace("<file>", "record.json");
  return { url: `${coordinator.url}${filled}`, method, ...(method === "POST" ? { body: "{}" } : {}) };
}

async function refusedAs(name: string, headers: Readonly<Record<string, string>>): Promise<string | undefined> {
  const { url, method, body } = sample(name);
  const stop = new AbortController();
  const sent = { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) };
  const response = await fetch(url, { method, headers: sent, signal: stop.signal, ...(body === undefined ? {} : { body }) });
  // The backup goes on until it is cut.
  const text =
    PROCEDURES[name]?._def.type === "subscription"
      ? await firstError(response)
      : name === "GET /backup" && response.ok
        ? ""
        : await response.text();
  stop.abort();
  return /"(?:engraft|code)":"(not-signed-in|not-allowed)"/.exec(text)?.[1];
}

const rank = (least: string): number => ["anybody", ...ROLES].indexOf(least);

describe("the table of roles", () => {
  it("[U5] names every procedure and every route there is, and nothing else", async () => {
    const routes = Object.values(ROUTES).map(({ name }) => name);
    expect(Object.keys(ACCESS).toSorted()).toEqual([...Object.keys(PROCEDURES), ...routes, AGENT].toSorted());
    // The server knows a path only by the routes, but for the prefixes of the API.
    const server = await readFile(new URL("../server.ts", import.meta.url), "utf8");
    expect([...server.matchAll(/\bpath(?:\.startsWith\(|Of\(request\) ===? |\s*===?\s*)"?([^")\s]+)/g)].map(([, path]) => path)).toEqual([
      "/agent",
      "undefined",
      "/trpc/",
      "/api/auth/",
    ]);
    expect(routeOf("GET", "/backup")?.key).toBe("backup");
    expect(routeOf("POST", "/backup")).toBeUndefined();
    expect(refusal("not.there", { role: "admin", actor: "operator" })?.code).toBe("not-allowed");
  });

  it("[U5] is the one that README.md prints", async () => {
    const readme = await readFile(new URL("../../../../README.md", import.meta.url), "utf8");
    expect(readme.replaceAll(/ +\|/g, " |").replaceAll(/-+ \|/g, "--- |")).toContain(accessTable().join("\n"));
  });

  it(
    "[U1] [U2] [U5] holds at every procedure and route, for nobody, each role, the operator, each scope and a share link",
    { timeout: 240_000 },
    async () => {
      const scopes: readonly Scope[] = ["read:runs", "read:models", "admin"];
      const tokenOf = async (email: string, scope: Scope): Promise<string> =>
        (await operator.tokens.create.mutate({ name: scope, scopes: [scope], owner: email })).secret;
      const callers = [
        { who: "nobody", level: 0, scope: undefined, headers: {} },
        { who: "share link", level: 0, scope: undefined, headers: bearer(shareSecret) },
        ...(await Promise.all(
          ROLES.map(async (role) => ({ who: role as string, level: rank(role), scope: undefined, headers: await signedIn(role) })),
        )),
        { who: "operator", level: 4, scope: undefined, headers: await coordinator.operator() },
        ...(await Promise.all(
          scopes.map(async (scope) => ({ who: `admin's ${scope}`, level: 3, scope, headers: bearer(await tokenOf(PEOPLE.admin, scope)) })),
        )),
        {
          who: "researcher's read:models",
          level: 2,
          scope: "read:models",
          headers: bearer(await tokenOf(PEOPLE.researcher, "read:models")),
        },
        { who: "viewer's read:runs", level: 1, scope: "read:runs", headers: bearer(await tokenOf(PEOPLE.viewer, "read:runs")) },
      ] as const;
      // These end the session that they are called with.
      const enders = ["sessions.endAll", "POST /api/auth/sign-out"];
      const names = [...Object.keys(ACCESS).filter((name) => name !== AGENT && !enders.includes(name)), ...enders];
      for (const name of names) {
        const [least, token] = ACCESS[name] ?? ["site", "none"];
        for (const { who, level, scope, headers } of callers) {
          const fresh = enders.includes(name) && (ROLES as readonly string[]).includes(who) ? await signedIn(who as Role) : headers;
          const role = least === "operator" ? level === 4 : level >= rank(least);
          const scoped =
            scope === undefined || least === "anybody" || token === "any" || token === scope || (scope === "admin" && token !== "none");
          const expected = role && scoped ? undefined : level === 0 ? "not-signed-in" : "not-allowed";
          expect(`${name} by ${who}: ${await refusedAs(name, fresh)}`).toBe(`${name} by ${who}: ${expected}`);
        }
      }
    },
  );

  it("[U5] the agents' socket takes no session and no token in place of a site's key", async () => {
    const before = coordinator.app.hub.online();
    const socket = new WebSocket(`${coordinator.url.replace("http", "ws")}/agent`, { headers: await signedIn("admin") });
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.once("open", () => socket.send('{"hello":"admin"}'));
    await closed;
    expect(coordinator.app.hub.online()).toEqual(before);
  });
});

describe("a viewer", () => {
  it("[U6] reads no e-mail address, in no answer and no live item, and sees the rest as others do", async () => {
    const [vera, ada] = [await as("viewer"), await as("admin")];
    const digest = (await ada.plans.list.query())[0]?.digest ?? "";
    const answers = (api: Api) =>
      Promise.all([
        api.home.query(),
        api.sites.list.query(),
        api.bases.list.query(),
        api.plans.list.query(),
        api.plans.get.query({ digest }),
        api.runs.list.query(),
        api.runs.get.query({ run }),
        api.releases.list.query(),
      ]);
    const [hers, full] = [JSON.stringify(await answers(vera)), JSON.stringify(await answers(ada))];
    expect(full).toContain(PEOPLE.admin);
    expect(hers).not.toMatch(/[a-z]@[a-z]/);
    expect(hers).toContain("graz");
    expect(hers.length).toBeGreaterThan(full.length * 0.9);
    const live = await fetch(`${coordinator.url}/trpc/live?input=${encodeURIComponent(JSON.stringify({ run, lastEventId: "0" }))}`, {
      headers: await signedIn("viewer"),
    });
    let seen = "";
    for await (const chunk of live.body ?? []) {
      seen += Buffer.from(chunk).toString("utf8");
      if (seen.includes("run.paused")) break;
    }
    expect(seen).toContain("run.created");
    expect(seen).not.toMatch(/[a-z]@[a-z]/);
  });

  it("[U5] is told of nothing that it may not do", async () => {
    const { may } = await (await as("viewer")).me.query();
    expect(may).toContain("runs.get");
    for (const name of ["tokens.create", "GET /releases/<id>/<file>", "runs.start", "users.list", "GET /backup", AGENT])
      expect(may).not.toContain(name);
    expect((await (await as("admin")).me.query()).may).toEqual(
      Object.keys(ACCESS).filter((name) => !["GET /backup", AGENT].includes(name)),
    );
  });
});
