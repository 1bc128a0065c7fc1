/** A coordinator as others meet it: over HTTP, server-sent events and WebSockets, on the embedded database. */
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { float32Bytes, toFloat32 } from "@engraft/core/base/bytes";
import type { Code } from "@engraft/core/base/errors";
import type { RunId, SiteName } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import { unseal, type Envelope } from "@engraft/core/crypto/envelope";
import { readSafetensors } from "@engraft/core/models/safetensors";
import { inviteText, readInvite } from "@engraft/core/protocol/invite";
import { ENROL_TYPES, Joined, JoinRefused } from "@engraft/core/protocol/messages";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openApp } from "./app.ts";
import { Coordinator, newIdentity, Site, type Api, type SiteLink } from "./coordinator.fixture.ts";
import { digestOfPlan, manifest, manifestBytes, planOf, weights } from "./model.fixture.ts";
import { openLog } from "@engraft/runtime/log";

let coordinator: Coordinator;
let api: Api;
beforeAll(async () => {
  coordinator = await Coordinator.start();
  api = await coordinator.api();
});
afterAll(() => coordinator.remove());

const codeOf = async (call: Promise<unknown>): Promise<Code | null | undefined> =>
  call.then(
    () => undefined,
    (error: { readonly data?: { readonly engraft?: Code | null } }) => error.data?.engraft,
  );

const MANIFEST = sha256(manifestBytes);

describe("people", () => {
  const account = { name: "Ada", email: "ada@example.org", password: "correct horse battery" };

  it("make the first admin by the one-time link, once", async () => {
    const anybody = await coordinator.api({});
    expect(await anybody.setup.state.query()).toEqual({ needed: true });
    expect(await codeOf(anybody.setup.createAdmin.mutate({ ...account, token: "guess" }))).toBe("not-allowed");
    const token = new URL(coordinator.app.setupUrl ?? "").searchParams.get("token") ?? "";
    expect(await codeOf(anybody.setup.createAdmin.mutate({ ...account, password: "short", token }))).toBe("bad-input");
    expect(await anybody.setup.createAdmin.mutate({ ...account, token })).toEqual({ ok: true });
    expect(await anybody.setup.state.query()).toEqual({ needed: false });
    expect(await codeOf(anybody.setup.createAdmin.mutate({ ...account, email: "eve@example.org", token }))).toBe("not-allowed");
  });

  it("sign in with the right password only, and never sign up by themselves", async () => {
    await expect(coordinator.signIn(account.email, "wrong password")).rejects.toThrow("401");
    const ada = await coordinator.api(await coordinator.signIn(account.email, account.password));
    expect(await ada.me.query()).toMatchObject({ email: account.email, name: "Ada", role: "admin" });
    const signUp = await fetch(`${coordinator.url}/api/auth/sign-up/email`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: coordinator.url },
      body: JSON.stringify(account),
    });
    expect(signUp.status).toBe(404);
  });

  it("see and do what their role allows", async () => {
    await api.users.create.mutate({ email: "ben@example.org", name: "Ben", password: "researcher pass", role: "researcher" });
    expect(
      await codeOf(api.users.create.mutate({ email: "BEN@example.org", name: "Ben", password: "researcher pass", role: "admin" })),
    ).toBe("conflict");
    const ben = await coordinator.api(await coordinator.signIn("ben@example.org", "researcher pass"));
    expect((await ben.home.query()).sites).toEqual([]);
    expect(await codeOf(ben.users.list.query())).toBe("not-allowed");
    expect(await codeOf(ben.sites.invite.mutate({ site: "graz", hours: 1 }))).toBe("not-allowed");
    const nobody = await coordinator.api({ authorization: "Bearer nonsense" });
    expect(await codeOf(nobody.home.query())).toBe("not-signed-in");
    expect((await api.audit.list.query({})).map(({ action }) => action)).toEqual(expect.arrayContaining(["admin.created", "user.created"]));
  });

  it("are not acted for by pages of another origin", async () => {
    const cookies = await coordinator.signIn(account.email, account.password);
    const foreign = await fetch(`${coordinator.url}/trpc/sites.invite`, {
      method: "POST",
      headers: { ...cookies, "content-type": "application/json", origin: "https://evil.example" },
      body: JSON.stringify({ site: "graz", hours: 1 }),
    });
    expect(foreign.status).toBe(403);
  });
});

describe("enrolment", () => {
  function opened(answer: Envelope, key: string) {
    const expected = { scope: coordinator.app.identity.publicKey, key: coordinator.app.identity.publicKey };
    const joined = unseal(answer, { ...expected, type: ENROL_TYPES.joined, schema: Joined });
    const refused = unseal(answer, { ...expected, type: ENROL_TYPES.refused, schema: JoinRefused });
    expect(joined.ok || refused.ok).toBe(true);
    const value = joined.ok ? joined.value : refused.ok ? refused.value : undefined;
    expect(value?.key).toBe(key);
    return joined.ok ? { again: joined.value.again } : { code: refused.ok ? refused.value.code : undefined };
  }
  const invited = async (site: string, hours = 1): Promise<string> => (await api.sites.invite.mutate({ site: site, hours })).invite;

  it("[I3] [I4] works once; the same key may ask again, another may not", async () => {
    const [invite, site, thief] = [await invited("graz"), newIdentity(), newIdentity()];
    expect(opened(await coordinator.join(invite, site), site.publicKey)).toEqual({ again: false });
    expect(opened(await coordinator.join(invite, site), site.publicKey)).toEqual({ again: true });
    expect(opened(await coordinator.join(invite, thief), thief.publicKey)).toEqual({ code: "invite-used" });
    expect((await api.sites.list.query()).filter(({ name }) => name === "graz")).toMatchObject([{ key: site.publicKey, online: false }]);
    expect((await api.sites.list.query())[0]?.words).toHaveLength(8);
  });

  it("[I3] of ten at once with one invite, one is enrolled", async () => {
    const invite = await invited("linz");
    const keys = Array.from({ length: 10 }, () => newIdentity());
    const answers = await Promise.all(keys.map(async (key) => opened(await coordinator.join(invite, key), key.publicKey)));
    expect(answers.filter((answer) => "again" in answer)).toHaveLength(1);
    expect(answers.filter((answer) => answer.code === "invite-used")).toHaveLength(9);
  });

  it("[I3] an expired, withdrawn or forged invite, a taken name and an enrolled key each have their code", async () => {
    const site = newIdentity();
    const join = async (invite: string, key = site) => opened(await coordinator.join(invite, key), key.publicKey);
    const withdrawn = await invited("wels");
    const id = (await api.sites.invites.query()).find((each) => each.site === "wels")?.id ?? "";
    await api.sites.revokeInvite.mutate({ id });
    expect(await join(withdrawn)).toEqual({ code: "invite-expired" });
    const genuine = readInvite(await invited("krems"));
    if (!genuine.ok) throw new Error("unreadable");
    expect(await join(inviteText({ ...genuine.invite, secret: "A".repeat(43) }))).toEqual({ code: "invite-forged" });
    expect(await join(inviteText({ ...genuine.invite, id: "A".repeat(16) }))).toEqual({ code: "invite-forged" });
    expect(await join(inviteText({ ...genuine.invite, site: "melk" as SiteName }))).toEqual({ code: "invite-forged" });
    expect(await codeOf(invited("graz"))).toBe("name-taken");
    const [first, second] = [await invited("steyr"), await invited("steyr")];
    expect(await join(first)).toEqual({ again: false });
    expect(await join(second, newIdentity())).toEqual({ code: "name-taken" });
    expect(await join(inviteText(genuine.invite))).toEqual({ code: "enrolled-elsewhere" });
    const late = await invited("horn");
    coordinator.clock = Date.now() + 2 * 3_600_000;
    expect(await join(late, newIdentity())).toEqual({ code: "invite-expired" });
    coordinator.clock = 0;
    const states = (await api.sites.invites.query()).map(({ site: of, state }) => `${of} ${state}`);
    expect(states).toEqual(expect.arrayContaining(["wels revoked", "graz used", "krems open"]));
  });

  it("[I2] answers anything else without a stack, and at most so often", async () => {
    const odd = await fetch(`${coordinator.url}/enrol`, { method: "POST", body: "x".repeat(20_000) });
    expect(odd.status).toBe(413);
    const junk = await fetch(`${coordinator.url}/enrol`, { method: "POST", body: "{}" });
    expect(junk.status).toBe(400);
    const many = await Promise.all(
      Array.from({ length: 80 }, async () => (await fetch(`${coordinator.url}/enrol`, { method: "POST", body: "{}" })).status),
    );
    expect(many).toContain(429);
  });
});

describe("bases and plans", () => {
  it("are uploaded under their digest, checked, and registered once", async () => {
    const headers = await coordinator.operator();
    expect((await coordinator.upload(weights, manifest.weights.digest, {})).status).toBe(401);
    const wrong = await coordinator.upload(weights, "0".repeat(64), headers);
    expect(wrong.status).toBe(400);
    expect(await wrong.json()).toMatchObject({ error: { code: "bad-input", text: expect.stringContaining("SHA-256") } });
    expect((await coordinator.upload(manifestBytes, MANIFEST, headers)).status).toBe(200);
    expect(await codeOf(api.bases.register.mutate({ manifest: MANIFEST }))).toBe("blob-missing");
    expect(await (await coordinator.upload(weights, manifest.weights.digest, headers)).json()).toEqual({
      digest: manifest.weights.digest,
      bytes: weights.byteLength,
    });
    const [base, again] = [
      await api.bases.register.mutate({ manifest: MANIFEST }),
      await api.bases.register.mutate({ manifest: MANIFEST }),
    ];
    expect(base).toMatchObject({ digest: MANIFEST, name: "tiny", version: "1.0" });
    expect(again.digest).toBe(base.digest);
    const other = Buffer.from(JSON.stringify({ ...manifest, title: "Other" }));
    await coordinator.upload(other, sha256(other), headers);
    expect(await codeOf(api.bases.register.mutate({ manifest: sha256(other) }))).toBe("conflict");
  });

  it("[P3] a plan is proposed once, with a version above the last, and shows what changed", async () => {
    const propose = (plan: unknown) => api.plans.propose.mutate({ plan: JSON.stringify(plan) });
    expect(await codeOf(propose({ ...planOf(), version: 0 }))).toBe("plan-invalid");
    const { digest } = await propose(planOf());
    expect(digest).toBe(digestOfPlan(planOf()));
    expect(await propose(planOf())).toEqual({ digest });
    expect(await codeOf(propose(planOf({ rounds: 3 })))).toBe("conflict");
    const next = await propose(planOf({ version: 2, rounds: 3 }));
    const view = await api.plans.get.query({ digest: next.digest });
    expect(view.changes).toMatchObject({
      since: 1,
      list: expect.arrayContaining([{ kind: "changed", path: "rounds.count", before: "2", after: "3" }]) as unknown,
    });
    expect(view.words).toHaveLength(8);
    expect(view.cannotStart?.text).toContain("2 sites must approve");
    expect(await codeOf(api.runs.start.mutate({ plan: next.digest }))).toBe("plan-not-approved");
    await api.plans.withdraw.mutate({ digest: next.digest });
    expect(await codeOf(api.runs.start.mutate({ plan: next.digest }))).toBe("plan-withdrawn");
    expect((await api.plans.list.query()).find((plan) => plan.digest === next.digest)?.withdrawn).toBe(true);
  });
});

describe("agents and a run", () => {
  const plan = digestOfPlan(planOf());
  let anna: Site;
  let berta: Site;
  let links: readonly SiteLink[];
  beforeAll(async () => {
    // The minutes after which this address may enrol again.
    coordinator.clock = Date.now() + 300_000;
    [anna, berta] = [await coordinator.enrol("anna"), await coordinator.enrol("berta")];
  });

  it("[W6] a key that is not enrolled, or under another name, is turned away", async () => {
    await expect(new Site(coordinator, "anna" as SiteName, newIdentity()).connect()).rejects.toThrow("unknown-key");
    await expect(anna.connect("berta" as SiteName)).rejects.toThrow("unknown-key");
  });

  it("a newer link of a site replaces the older", async () => {
    const older = await anna.connect();
    await older.hear("plan.offer");
    const newer = await anna.connect();
    await expect.poll(() => older.closed).toBe("replaced-by-new-link");
    await expect.poll(() => coordinator.app.hub.session("anna" as SiteName)?.link.open).toBe(true);
    expect(newer.closed).toBeUndefined();
    newer.link.close("link-lost", "done");
    await expect.poll(() => coordinator.app.hub.online()).toEqual([]);
    expect((await api.sites.list.query()).find(({ name }) => name === "anna")).toMatchObject({
      online: false,
      version: "1.2.3",
      engine: "by hand",
    });
  });

  it("a site hears of plans that wait for it, of withdrawn ones, and its signed decision is kept", async () => {
    links = await Promise.all([anna.connect(), berta.connect()]);
    for (const link of links) {
      const offers = [await link.hear("plan.offer", 0), await link.hear("plan.offer", 1)];
      expect(offers.map(({ withdrawn }) => withdrawn)).toEqual([false, true]);
      expect(sha256(offers[0]?.plan ?? "")).toBe(plan);
      expect(sha256(offers[0]?.manifest ?? "")).toBe(MANIFEST);
      link.approve(plan);
      await link.hear("approval.recorded");
    }
    expect((await api.plans.get.query({ digest: plan })).approvals).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({ site: "anna", decision: "approved", steward: "Dr. Test", online: true }),
        expect.objectContaining({ site: "graz", decision: "waiting" }),
      ]),
    );
    const stored = await coordinator.app.store.prisma.approval.findFirst({ where: { siteName: "anna" } });
    const statement = await coordinator.app.store.prisma.statement.findUnique({ where: { digest: stored?.statement ?? "" } });
    expect(JSON.parse(statement?.text ?? "{}")).toMatchObject({ type: "approval", key: anna.identity.publicKey });
    const back = await berta.connect();
    await back.hear("plan.offer");
    expect(back.heard.filter((message) => message.type === "plan.offer" && !message.value.withdrawn)).toEqual([]);
    links = [links[0] as SiteLink, back];
  });

  async function answer(link: SiteLink, round: number, values: readonly number[], sampleCount: number): Promise<void> {
    const ask = await link.hear("ask", round - 1);
    expect(ask).toMatchObject({ kind: "train", round });
    const update = await link.blobs.put(float32Bytes(Float32Array.from(values)));
    link.say("update", {
      run: ask.run,
      round,
      plan: ask.plan,
      checkpoint: ask.checkpoint.digest,
      update,
      sampleCount,
      validation: null,
      engine: "by hand",
      seconds: { fetch: 0, train: 0 },
    });
    expect(await link.hear("answer.recorded", round - 1)).toMatchObject({ kind: "train", outcome: "accepted" });
  }

  let run: RunId;
  it("[T5] [R13] runs to a release whose model is the base with the trained tensors replaced", async () => {
    const [first, second] = links as [SiteLink, SiteLink];
    run = (await api.runs.start.mutate({ plan })).run as RunId;
    expect(run).toBe("tiny-head.1");
    expect(await codeOf(api.runs.start.mutate({ plan }))).toBe("conflict");
    expect(await codeOf(api.plans.withdraw.mutate({ digest: plan }))).toBe("conflict");
    const ask = await first.hear("ask");
    await first.link.fetch(ask.start);
    expect([...toFloat32(await first.blobs.read(ask.start.digest))]).toEqual([0.5, -0.5]);
    await expect(first.link.fetch({ digest: sha256("another's"), bytes: 1 })).rejects.toMatchObject({ code: "blob-missing" });
    await Promise.all([answer(first, 1, [1, 1], 30), answer(second, 1, [-1, 1], 10)]);
    await Promise.all([answer(first, 2, [0, 0], 30), answer(second, 2, [4, 0], 10)]);
    for (const link of [first, second]) {
      const evaluate = await link.hear("ask", 2);
      expect(evaluate).toMatchObject({ kind: "evaluate", round: 2 });
      const loss = { n: 40, positives: null, values: { loss: { value: 0.5, low: 0.4, high: 0.6 } } };
      link.say("evaluation", {
        run,
        round: 2,
        plan,
        checkpoint: evaluate.checkpoint.digest,
        validation: null,
        base: loss,
        alone: null,
        federated: loss,
      });
    }
    await expect.poll(async () => (await api.releases.list.query()).length).toBe(1);
    const detail = await api.runs.get.query({ run });
    expect(detail.release?.comparisons).toHaveLength(2);
    const model = detail.release?.files.find(({ name }) => name === "model.safetensors");
    const response = await fetch(`${coordinator.url}${model?.url ?? ""}`, { headers: await coordinator.operator() });
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(sha256(bytes)).toBe(model?.sha256);
    const { tensors } = readSafetensors(bytes);
    expect([...(tensors.get("body") ?? [])]).toEqual([1, 2, 3, 4]);
    // 0.5 + (30 * 1 - 10 * 1) / 40 + 10 * 4 / 40, and -0.5 + 1 + 0.
    expect([...(tensors.get("head") ?? [])]).toEqual([2, 0.5]);
  });

  it("downloads carry their digest, and go on from a range", async () => {
    const url = `${coordinator.url}/releases/${run}/manifest.json`;
    expect((await fetch(url)).status).toBe(401);
    const headers = await coordinator.operator();
    const whole = await fetch(url, { headers });
    const text = await whole.text();
    expect(whole.headers.get("etag")).toBe(`"${sha256(text)}"`);
    expect(whole.headers.get("x-engraft-sha256")).toBe(sha256(text));
    const part = await fetch(url, { headers: { ...headers, range: "bytes=10-19" } });
    expect([part.status, await part.text()]).toEqual([206, text.slice(10, 20)]);
    expect((await fetch(url, { headers: { ...headers, range: "bytes=99999999-" } })).status).toBe(416);
    const goOn = async (etag: string): Promise<number> =>
      (await fetch(url, { headers: { ...headers, range: "bytes=10-19", "if-range": `"${etag}"` } })).status;
    expect([await goOn(sha256(text)), await goOn(sha256("another file"))]).toEqual([206, 200]);
    expect((await fetch(`${coordinator.url}/releases/${run}/other.json`, { headers })).status).toBe(404);
    expect(JSON.parse(text)).toMatchObject({ name: "tiny-head", version: "1.1", split: planOf().data.split });
  });

  it("what sites sent is not kept longer than its round", async () => {
    const events = await coordinator.app.store.events(run);
    const updates = events.flatMap(({ event }) => (event.type === "update.accepted" ? [event.update.digest] : []));
    expect(updates).toHaveLength(4);
    await expect
      .poll(() => Promise.all(updates.map((digest) => coordinator.app.blobs.size(digest))))
      .toEqual([undefined, undefined, undefined, undefined]);
  });

  it("live views go on after the last event they have seen, and see what happens next", async () => {
    const { events } = await api.runs.get.query({ run });
    const seen = events[2]?.seq ?? 0;
    const input = encodeURIComponent(JSON.stringify({ run, lastEventId: String(seen) }));
    const response = await fetch(`${coordinator.url}/trpc/live?input=${input}`, {
      headers: { ...(await coordinator.operator()), accept: "text/event-stream" },
    });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let text = "";
    const until = async (wanted: () => boolean): Promise<void> => {
      while (!wanted()) text += Buffer.from((await reader.read()).value ?? []).toString("utf8");
    };
    const ids = (): readonly number[] => [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));
    await until(() => ids().length >= events.length - 3);
    expect(ids()).toEqual(events.slice(3).map(({ seq }) => seq));
    links[0]?.say("decline", { run, round: 1, kind: "train", plan, code: "paused", text: "late" });
    expect(await links[0]?.hear("answer.recorded", 3)).toMatchObject({ outcome: "refused", code: "run-ended" });
    await until(() => text.includes('"kind":"refusal"'));
    await reader.cancel();
  });

  it("[S3] [S2] a restart keeps everything, another key is refused, and a second process is turned away", async () => {
    await expect(
      openApp({
        data: coordinator.data,
        databaseUrl: undefined,
        publicUrl: coordinator.url,
        trustedOrigins: [],
        keepDays: 30,
        log: openLog("second", "silent"),
        now: Date.now,
      }),
    ).rejects.toMatchObject({ code: "locked" });
    const key = coordinator.app.identity.publicKey;
    for (const link of links) link.link.close("link-lost", "done");
    await coordinator.stop();
    const moved = join(coordinator.data, "secrets", "coordinator.key");
    const kept = await readFile(moved, "utf8");
    await writeFile(moved, Buffer.alloc(32, 7).toString("base64url"));
    await expect(
      openApp({
        data: coordinator.data,
        databaseUrl: undefined,
        publicUrl: coordinator.url,
        trustedOrigins: [],
        keepDays: 30,
        log: openLog("other", "silent"),
        now: Date.now,
      }),
    ).rejects.toMatchObject({ code: "bad-config" });
    await writeFile(moved, kept);
    coordinator = await Coordinator.start({ data: coordinator.data });
    api = await coordinator.api();
    expect(coordinator.app.identity.publicKey).toBe(key);
    expect(coordinator.app.setupUrl).toBeNull();
    expect((await api.runs.list.query())[0]).toMatchObject({ run: "tiny-head.1", phase: "finished", rounds: 2 });
    expect((await api.home.query()).releases).toHaveLength(1);
  });
});

describe("the rest of the port", () => {
  it("/health and /metrics are for machines", async () => {
    expect(await (await fetch(`${coordinator.url}/health`)).json()).toMatchObject({
      status: "ok",
      database: "pglite",
      sitesOnline: 0,
      liveRuns: 0,
    });
    const metrics = await (await fetch(`${coordinator.url}/metrics`)).text();
    for (const name of [
      "engraft_rounds_total",
      "engraft_answers_refused_total",
      "engraft_agents_connected 0",
      "engraft_link_bytes_total",
      "engraft_round_seconds_bucket",
      "nodejs_eventloop_lag_seconds",
    ])
      expect(metrics).toContain(name);
    expect(metrics).not.toContain("anna");
  });

  it("/probe gives a known megabyte for measuring a line, a few times in a row", async () => {
    const first = await fetch(`${coordinator.url}/probe`);
    expect([first.status, (await first.arrayBuffer()).byteLength]).toEqual([200, 1_048_576]);
    const more = await Promise.all(Array.from({ length: 20 }, () => fetch(`${coordinator.url}/probe`)));
    expect(more.map(({ status }) => status)).toContain(429);
    await Promise.all(more.map((response) => response.arrayBuffer()));
  });

  it("everything else comes from the dashboard's process, or a page says why not", async () => {
    const none = await fetch(`${coordinator.url}/runs`);
    expect([none.status, await none.text()]).toEqual([502, expect.stringContaining("--dashboard-url")]);
    const dashboard = createServer((request, response) => response.end(`page ${request.url}`));
    await new Promise<void>((resolve) => dashboard.listen(0, "127.0.0.1", resolve));
    const data = await mkdtemp(join(tmpdir(), "engraft-proxied-"));
    const proxied = await Coordinator.start({ data, dashboardUrl: `http://127.0.0.1:${(dashboard.address() as AddressInfo).port}` });
    const page = await fetch(`${proxied.url}/runs/x?y=1`);
    expect([page.status, await page.text(), page.headers.get("x-frame-options")]).toEqual([200, "page /runs/x?y=1", "DENY"]);
    await new Promise<void>((resolve) => {
      dashboard.close(() => resolve());
      dashboard.closeAllConnections();
    });
    expect((await fetch(`${proxied.url}/runs`)).status).toBe(502);
    await proxied.remove();
  });
});
