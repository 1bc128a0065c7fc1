/** Keys that change, sites that go, and looks that admins ask for: over real sockets, also by those who may not. */
import { randomBytes } from "node:crypto";
import { toBase64url } from "@engraft/core/base/bytes";
import type { Code } from "@engraft/core/base/errors";
import type { SiteName } from "@engraft/core/base/ids";
import { seal, unseal, type Envelope } from "@engraft/core/crypto/envelope";
import type { Identity } from "@engraft/core/crypto/identity";
import { Left, MEMBERSHIP_TYPES, MembershipRefused, Rotated, sealRotation } from "@engraft/core/protocol/membership";
import type { SiteAbout } from "@engraft/core/protocol/site-messages";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Coordinator, newIdentity, Site, type Api, type SiteLink } from "../coordinator.fixture.ts";
import { planOf } from "../model.fixture.ts";
import { keysOf } from "./membership.ts";

let coordinator: Coordinator;
let api: Api;
beforeAll(async () => {
  coordinator = await Coordinator.start();
  api = await coordinator.api();
});
afterAll(() => coordinator.remove());

const federation = () => coordinator.app.identity.publicKey;

async function post(path: "/rotate" | "/leave", body: unknown): Promise<Envelope> {
  const response = await fetch(`${coordinator.url}${path}`, { method: "POST", body: JSON.stringify(body) });
  return (await response.json()) as Envelope;
}

function codeOf(answer: Envelope): Code | "done" {
  if (answer.type !== MEMBERSHIP_TYPES.refused) return "done";
  const opened = unseal(answer, { type: answer.type, scope: federation(), key: federation(), schema: MembershipRefused });
  if (!opened.ok) throw new Error(opened.text);
  return opened.value.code;
}

const rotation = (site: string, from: Identity, to: Identity, at = 5) =>
  sealRotation(from, to, federation(), { site: site as SiteName, at });

const faultOf = (call: Promise<unknown>): Promise<Code | null | undefined> =>
  call.then(
    () => undefined,
    (error: { readonly data?: { readonly engraft?: Code | null } }) => error.data?.engraft,
  );

const actions = async (site: string) =>
  (await api.audit.list.query({})).filter(({ subject }) => subject === site).map(({ action }) => action);

describe("a site's key", () => {
  it("[J1] [J2] gives way to another one; the old one opens nothing, changes nothing, and the same word again is answered alike", async () => {
    const site = await coordinator.enrol("anna");
    const link = await site.connect();
    const next = newIdentity();
    const signed = rotation("anna", site.identity, next);
    const answer = await post("/rotate", signed);
    const opened = unseal(answer, { type: MEMBERSHIP_TYPES.rotated, scope: federation(), key: federation(), schema: Rotated });
    expect(opened).toMatchObject({ ok: true, value: { site: "anna", from: site.identity.publicKey, to: next.publicKey, again: false } });
    // The link of before is ended.
    await expect.poll(() => link.closed).toBe("replaced-by-new-link");
    await expect(site.connect()).rejects.toThrow(/unknown-key: The key of anna was replaced/);
    const again = unseal(await post("/rotate", signed), {
      type: MEMBERSHIP_TYPES.rotated,
      scope: federation(),
      key: federation(),
      schema: Rotated,
    });
    expect(again).toMatchObject({ ok: true, value: { to: next.publicKey, again: true } });
    // A stolen old key puts no other one in its place, not even under another time.
    expect(codeOf(await post("/rotate", rotation("anna", site.identity, newIdentity())))).toBe("unknown-key");
    expect(codeOf(await post("/rotate", rotation("anna", site.identity, next, 6)))).toBe("unknown-key");
    const anew = await new Site(coordinator, "anna" as SiteName, next).connect();
    expect(anew.link.open).toBe(true);
    anew.link.close("link-lost", "Done.");
    expect((await keysOf(coordinator.app.store, "anna")).map(({ key }) => key)).toEqual([site.identity.publicKey, next.publicKey]);
    const detail = await api.sites.get.query({ site: "anna" });
    expect(detail.keys.map(({ key }) => key)).toEqual([site.identity.publicKey, next.publicKey]);
    expect(await actions("anna")).toEqual(["rotation.refused", "rotation.refused", "site.key-rotated", "site.joined", "invite.created"]);
  });

  it("[J1] signed by a stranger, for another site, or to a key that is somebody's, changes nothing", async () => {
    const [bert, cora] = [await coordinator.enrol("bert"), await coordinator.enrol("cora")];
    const stranger = newIdentity();
    expect(codeOf(await post("/rotate", rotation("bert", stranger, newIdentity())))).toBe("unknown-key");
    expect(codeOf(await post("/rotate", rotation("bert", cora.identity, newIdentity())))).toBe("unknown-key");
    expect(codeOf(await post("/rotate", rotation("bert", bert.identity, cora.identity)))).toBe("enrolled-elsewhere");
    const signed = rotation("bert", bert.identity, newIdentity());
    expect(codeOf(await post("/rotate", { ...signed, byNew: rotation("bert", bert.identity, stranger).byNew }))).toBe("unknown-key");
    const garbage = await fetch(`${coordinator.url}/rotate`, { method: "POST", body: "{}" });
    expect(garbage.status).toBe(400);
    expect((await keysOf(coordinator.app.store, "bert")).map(({ key }) => key)).toEqual([bert.identity.publicKey]);
    // A former key is no new site's either.
    const { invite } = await api.sites.invite.mutate({ site: "late", hours: 1 });
    const given = newIdentity();
    expect(codeOf(await post("/rotate", rotation("bert", bert.identity, given)))).toBe("done");
    expect((await coordinator.join(invite, bert.identity)).payload).toContain("enrolled-elsewhere");
    expect(codeOf(await post("/rotate", rotation("bert", given, bert.identity)))).toBe("enrolled-elsewhere");
  });
});

describe("an approved plan", () => {
  const approved = async (names: readonly string[], name: string) => {
    const { metrics, ...rest } = planOf({ rounds: 1, cohort: { minSites: 3 } });
    const aggregation = { method: "secure", directory: names.map((site) => ({ site })) };
    return coordinator.approvedPlan(api, names, { ...rest, name, aggregation, metrics: { ...metrics, perSite: false, minCount: 20 } });
  };
  const toldOf = async (plan: string) =>
    (await api.home.query()).needs.filter(({ href }) => href === `/plans/${plan}`).map(({ kind }) => kind);

  it("[J2] is not said to be ready once a site of its directory has another key", async () => {
    const { digest, sites } = await approved(["mona", "nina", "otto"], "keys");
    expect(await toldOf(digest)).toEqual(["plan-approved"]);
    expect((await api.plans.get.query({ digest })).cannotStart).toBeNull();
    expect(codeOf(await post("/rotate", rotation("nina", (sites[1] as Site).identity, newIdentity())))).toBe("done");
    const { cannotStart } = await api.plans.get.query({ digest });
    expect(cannotStart?.text).toMatch(/^nina changed its key/);
    await expect(api.runs.start.mutate({ plan: digest })).rejects.toThrow(cannotStart?.text ?? "");
    expect(await toldOf(digest)).toEqual([]);
  });

  it("[J4] is not said to be ready once a site has gone that it needs", async () => {
    const { digest } = await approved(["paul", "rosa", "sara"], "sites");
    expect(await toldOf(digest)).toEqual(["plan-approved"]);
    await api.sites.remove.mutate({ site: "rosa", confirm: "rosa" });
    expect((await api.plans.get.query({ digest })).cannotStart?.text).toContain("3 sites must approve; 2 have");
    expect(await toldOf(digest)).toEqual(["approvals-missing"]);
  });
});

describe("a site that goes", () => {
  it("[J5] leaves by its own word only, and is shown as one that left", async () => {
    const [dora, emil] = [await coordinator.enrol("dora"), await coordinator.enrol("emil")];
    const link = await dora.connect();
    const word = (by: Identity, site: string, key = by.publicKey) => seal(by, MEMBERSHIP_TYPES.leave, federation(), { site, key, at: 5 });
    expect(codeOf(await post("/leave", word(emil.identity, "dora")))).toBe("unknown-key");
    expect(codeOf(await post("/leave", word(emil.identity, "dora", dora.identity.publicKey)))).toBe("unknown-key");
    expect((await api.sites.list.query()).map(({ name }) => name)).toContain("dora");
    const signed = word(dora.identity, "dora");
    for (const again of [false, true]) {
      const opened = unseal(await post("/leave", signed), {
        type: MEMBERSHIP_TYPES.left,
        scope: federation(),
        key: federation(),
        schema: Left,
      });
      expect(opened).toMatchObject({ ok: true, value: { site: "dora", again } });
    }
    await expect.poll(() => link.closed).toBe("not-enrolled");
    await expect(dora.connect()).rejects.toThrow(/not-enrolled: dora has left the federation/);
    expect((await api.sites.list.query()).map(({ name }) => name)).not.toContain("dora");
    expect(await api.sites.former.query()).toContainEqual(expect.objectContaining({ name: "dora", how: "left" }));
    expect((await api.sites.get.query({ site: "dora" })).gone).toMatchObject({ how: "left", by: "site:dora" });
    expect(codeOf(await post("/rotate", rotation("dora", dora.identity, newIdentity())))).toBe("not-enrolled");
  });

  it("[J4] is removed by an admin who types its name; its name and key are never used again", async () => {
    const fred = await coordinator.enrol("fred");
    const link = await fred.connect();
    const site = "fred" as SiteName;
    expect(await faultOf(api.sites.remove.mutate({ site, confirm: "freda" }))).toBe("bad-input");
    expect(await faultOf(api.sites.remove.mutate({ site: "nobody", confirm: "nobody" }))).toBe("not-found");
    expect(await api.sites.remove.mutate({ site, confirm: "fred" })).toEqual({ ok: true });
    await expect.poll(() => link.closed).toBe("not-enrolled");
    await expect(fred.connect()).rejects.toThrow(/fred was removed from the federation by its admin/);
    expect(await faultOf(api.sites.invite.mutate({ site, hours: 1 }))).toBe("name-taken");
    const { invite } = await api.sites.invite.mutate({ site: "fritz", hours: 1 });
    expect((await coordinator.join(invite, fred.identity)).payload).toContain("enrolled-elsewhere");
    expect(await actions("fred")).toEqual(["site.removed", "site.joined", "invite.created"]);
    expect(coordinator.app.approvals.approvedSites("any")).toEqual([]);
  });
});

describe("a look that an admin asks for", () => {
  const about: SiteAbout = { paused: false, stopping: false, way: "tls-proxy", ownAuthority: true, doctor: true };
  const site = "gerd" as SiteName;
  let link: SiteLink;
  let gerd: Site;
  beforeAll(async () => {
    gerd = await coordinator.enrol("gerd");
    link = await gerd.connect();
  });
  const known = async () => (await api.sites.list.query()).find(({ name }) => name === "gerd")?.line.about;

  it("[J6] is refused where the steward has not allowed it: the site is not even asked", async () => {
    expect(await faultOf(api.sites.askDoctor.mutate({ site }))).toBe("conflict");
    link.link.send("site.about", { ...about, doctor: false });
    await expect.poll(known).toMatchObject({ doctor: false, way: "tls-proxy" });
    expect(await faultOf(api.sites.askDoctor.mutate({ site }))).toBe("conflict");
    expect(link.heard.filter(({ type }) => type === "doctor.ask")).toEqual([]);
    expect(await actions("gerd")).not.toContain("doctor.asked");
  });

  it("[J6] [J7] is kept, signed and entered in the log; an answer to nothing is let go, and one with more fields ends the link", async () => {
    link.link.send("site.about", about);
    await expect.poll(known).toMatchObject({ doctor: true });
    link.say("doctor.answer", { id: toBase64url(randomBytes(12)), at: 5, outcome: "looked", findings: [] });
    await api.sites.askDoctor.mutate({ site });
    expect(await faultOf(api.sites.askDoctor.mutate({ site }))).toBe("conflict");
    const { id } = await link.hear("doctor.ask");
    const findings = [{ check: "proxy", level: "problem", code: "proxy-password" }] as const;
    link.say("doctor.answer", { id, at: 6, outcome: "looked", findings: [...findings] });
    const answer = async () => (await api.sites.get.query({ site })).doctor?.answer;
    await expect.poll(answer).toEqual({ id, at: 6, outcome: "looked", findings });
    const { doctor } = await api.sites.get.query({ site });
    const stored = await coordinator.app.store.prisma.statement.findUniqueOrThrow({ where: { digest: doctor?.statement ?? "" } });
    expect((JSON.parse(stored.text) as Envelope).key).toBe(gerd.identity.publicKey);
    expect((await actions("gerd")).slice(0, 2)).toEqual(["doctor.answered", "doctor.asked"]);
    link.link.sendStatement(
      seal(gerd.identity, "doctor.answer", federation(), {
        id,
        at: 7,
        outcome: "looked",
        findings: [{ ...findings[0], text: "/srv/patients.csv" }],
      }),
    );
    await expect.poll(() => link.closed).toBe("bad-message");
    expect(await answer()).toEqual({ id, at: 6, outcome: "looked", findings });
  });

  it("[J8] the site that ended its link with a word is stopped, one that vanished is cut off, a stranger under its name is named", async () => {
    const cause = async () => (await api.sites.list.query()).find(({ name }) => name === "gerd")?.cause.code;
    const first = await gerd.connect();
    first.link.send("site.about", { ...about, stopping: true });
    first.link.close("link-lost", "The agent was stopped by its own people.");
    await expect.poll(cause).toBe("stopped");
    const second = await gerd.connect();
    await expect.poll(cause).not.toBe("stopped");
    second.link.close("bad-message", "Something else.");
    await expect.poll(cause).toBe("turned-away");
    await expect(new Site(coordinator, site, newIdentity()).connect()).rejects.toThrow("unknown-key");
    await expect.poll(cause).toBe("key-refused");
    await expect(gerd.connect(site, { spoken: { min: 9, max: 9 } })).rejects.toThrow("protocol-version");
    await expect(new Site(coordinator, "unheard-of" as SiteName, newIdentity()).connect()).rejects.toThrow("unknown-key");
    expect(await faultOf(api.sites.get.query({ site: "unheard-of" }))).toBe("not-found");
  });
});
