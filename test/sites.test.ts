/** Sites as an admin watches over them: why one is away, a key that changes, one that leaves, one that is removed, a look from afar. */
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PublicKey, SiteName } from "@engraft/core/base/ids";
import { verifyRelease } from "@engraft/core/provenance/verify";
import { greetCoordinator } from "@engraft/runtime/handshake";
import { Inbox } from "@engraft/runtime/inbox";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { run as runProgram } from "../tools/federation/program.ts";
import { firstAdmin, openBrowser } from "./support/browser.ts";
import { keysOf } from "./support/hand-site.ts";
import { Heart, heartPlan, shortPlan } from "./support/heart.ts";
import { clean, looks } from "./support/looks.ts";
import { findChromium, requireOrSkip } from "./support/require.ts";

const SITES = ["cleveland", "hungary", "switzerland", "va"] as const;
const HOUR = 3_600_000;

requireOrSkip("chromium", findChromium).describe("sites", (chromium) => {
  let heart: Heart;
  let browser: Browser;
  let page: Page;
  /** Of plain aggregation, approved before a key changes. */
  let plain: string;
  let coordinatorKey: PublicKey;

  beforeAll(async () => {
    const agentEnv = { va: { ENGRAFT_CLOCK_OFFSET_MS: String(HOUR) } };
    heart = await Heart.start({ dashboard: true, aggregation: "secure", plan: shortPlan(1), agentEnv });
    ({ coordinatorKey } = await keysOf(heart.federation.siteDir("va")));
    plain = await propose("plain", 90);
    await Promise.all(SITES.map((site) => heart.federation.approve(site, plain, "--data", "main", "--site-metrics")));
    browser = await openBrowser(chromium);
    page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
    page.setDefaultTimeout(20_000);
    await firstAdmin(page, heart.federation);
  });
  afterAll(async () => {
    await browser?.close();
    await heart?.stop();
  });

  async function propose(method: "plain" | "secure", version: number): Promise<string> {
    const plan = shortPlan(1)(await heartPlan(method));
    const path = join(heart.dir, `plan-${version}.json`);
    const cohort = { ...plan.cohort, minSites: 3 };
    await writeFile(path, JSON.stringify({ ...plan, name: `${plan.name}-${method}`, version, cohort }));
    return ((await heart.federation.coordinatorCommandOk("plan", "propose", path)) as { digest: string }).digest;
  }

  const api = () => heart.federation.api();
  const causeOf = async (site: string) => (await (await api()).sites.list.query()).find(({ name }) => name === site)?.cause.code;
  const open = (path: string) => page.goto(`${heart.federation.url}${path}`);
  const agent = (site: string) => heart.federation.agents.get(site) ?? expect.fail(`${site} has no agent`);
  const command = (site: string, args: readonly string[], env: Record<string, string> = {}) =>
    runProgram("engraft-site", ["--home", heart.federation.siteDir(site), "--json", ...args], {
      name: `${site}-command`,
      log: join(heart.dir, "log", `${site}-command.log`),
      env,
    });

  /** The files of a finished run's release, checked under the coordinator's key. */
  async function proven(run: string, version: string) {
    const { federation } = heart;
    await vi.waitFor(async () => expect((await (await api()).runs.get.query({ run })).release).not.toBeNull(), { timeout: 30_000 });
    await federation.coordinatorCommandOk("release", "make", run, "--name", "sites", "--as", `${version}.0`);
    const out = join(heart.dir, `release-${version}`);
    await federation.coordinatorCommandOk("release", "save", run, "--out", out);
    const bundle = join(out, "bundle.zip");
    return bundle;
  }
  const verify = (bundle: string, key: string) =>
    runProgram("engraft", ["verify", bundle, "--key", key, "--json"], { name: "verify", log: join(heart.dir, "log", "verify.log") });

  /** Greets as an agent with this site's key would, of another build. */
  async function greetAs(site: string, version: string, spoken: { readonly min: number; readonly max: number }) {
    const { identity, coordinatorKey } = await keysOf(heart.federation.siteDir(site));
    const socket = new WebSocket(`${heart.federation.url.replace("http", "ws")}/agent`);
    const greeted = await greetCoordinator(new Inbox(socket), {
      identity,
      coordinatorKey,
      site: site as SiteName,
      version,
      engine: "none",
      now: Date.now,
      spoken,
    });
    return { socket, greeted };
  }

  it("[J8] the page says why each site is not as it should be, and what its IT must do", async () => {
    const { federation } = heart;
    await agent("switzerland").crash();
    await expect.poll(() => causeOf("switzerland")).toBe("cut");
    await agent("hungary").stop();
    await expect.poll(() => causeOf("hungary")).toBe("stopped");
    await command("cleveland", ["pause"]);
    await expect.poll(() => causeOf("cleveland")).toBe("paused");
    expect(await causeOf("va")).toBe("clock-wrong");
    await open("/sites");
    const row = (site: string) => page.getByRole("row", { name: new RegExp(site) });
    await row("switzerland").getByText("Cut off", { exact: true }).waitFor();
    await row("hungary").getByText("Stopped", { exact: true }).waitFor();
    await row("cleveland").getByText("Paused by its steward", { exact: true }).waitFor();
    await row("va").getByText("Wrong clock", { exact: true }).waitFor();
    await page.getByText("2 of 4 online. 4 need somebody.").waitFor();
    await looks(page, "sites-causes");
    await page.getByRole("searchbox").fill("hung");
    await expect.poll(() => page.getByRole("row").count()).toBe(2);
    await row("hungary").getByRole("link", { name: "hungary" }).click();
    await page.getByRole("heading", { name: "hungary, what to do" }).waitFor();
    await page.getByText("Start the agent with “engraft-site start”").waitFor();
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByRole("button", { name: "Copy message to hospital IT" }).click();
    const message = await page.evaluate(() => navigator.clipboard.readText());
    expect(message).toContain("To the IT of hungary");
    expect(message).toContain("1. Start the agent");
    await looks(page, "site-stopped");
    await command("cleveland", ["resume"]);
    const old = await greetAs("hungary", "0.0.1", { min: 1, max: 1 });
    await expect.poll(() => causeOf("hungary")).toBe("version-old");
    await page.getByText(/It runs 0\.0\.1; this coordinator runs/).waitFor();
    old.socket.terminate();
    await expect.poll(() => causeOf("hungary")).toBe("cut");
    await greetAs("hungary", "9.9.9", { min: 9, max: 9 });
    await expect.poll(() => causeOf("hungary")).toBe("version-refused");
    for (const site of ["switzerland", "hungary"]) await federation.startAgent(site);
    await expect
      .poll(async () => [await causeOf("switzerland"), await causeOf("hungary"), await causeOf("cleveland")])
      .toEqual(["steady", "steady", "steady"]);
  });

  it("[J6] [J7] a look from afar: nothing runs before the steward allows it; then codes come, and both logs say so", async () => {
    const before = (await (await api()).sites.get.query({ site: "va" })).doctor;
    expect(before).toBeNull();
    await open("/sites/va");
    await page.getByText("Its steward has not allowed it").waitFor();
    expect(await page.getByRole("button", { name: "Run doctor at the site" }).count()).toBe(0);
    await expect((await api()).sites.askDoctor.mutate({ site: "va" })).rejects.toThrow("does not allow it");
    expect((await command("va", ["doctor", "--allow-remote", "maybe"])).code).toBe(2);
    expect((await command("va", ["doctor", "--allow-remote", "on"])).code).toBe(0);
    await page.getByRole("button", { name: "Run doctor at the site" }).click();
    await page.getByText(/\d+ problems?, \d+ warnings?\./).waitFor({ timeout: 60_000 });
    await page.getByText("Set it, and switch on time synchronisation (NTP).").waitFor();
    await looks(page, "site-doctor");
    const { doctor } = await (await api()).sites.get.query({ site: "va" });
    const text = JSON.stringify(doctor);
    expect(text).toContain('"code":"clock-wrong"');
    // Neither a folder nor a file of the site's, nor a sentence.
    expect(text).not.toContain(heart.dir);
    expect(text).not.toMatch(/\.csv|[a-z] [a-z]+ [a-z]/);
    const log = (await command("va", ["audit"])).stdout.map((line) => JSON.stringify(line)).join("\n");
    expect(log).toContain('"doctor.asked"');
    expect(log).toContain('"what":"doctor"');
    expect((await command("va", ["doctor", "--allow-remote", "off"])).code).toBe(0);
    await page.getByText("Its steward has not allowed it").waitFor();
    await expect((await api()).sites.askDoctor.mutate({ site: "va" })).rejects.toThrow("does not allow it");
  });

  it("[J1] [J2] [J3] a key changes, also when it broke off; old plans are refused by name, new ones run, releases of before and after verify", async () => {
    const { federation } = heart;
    const run = await heart.startRun();
    await heart.untilPhase(run, "finished");
    const first = await proven(run, "1");
    await agent("cleveland").stop();
    const words = (await federation.siteCommandOk("cleveland", "status"))["words"];
    const died = await command("cleveland", ["rotate-key"], { ENGRAFT_CRASH_AT: "rotation.accepted" });
    expect(died.code).toBe(137);
    const blocked = await command("cleveland", ["start"]);
    expect(blocked.stderr).toContain("rotate-key");
    const done = await command("cleveland", ["rotate-key"]);
    expect(done.result).toMatchObject({ site: "cleveland", resumed: true });
    expect(done.result?.["words"]).not.toEqual(words);
    await federation.startAgent("cleveland");
    await open("/sites/cleveland");
    await page.getByRole("list", { name: "Fingerprint of cleveland in words" }).waitFor();
    expect(await page.getByRole("list", { name: "Fingerprint of cleveland in words" }).getByRole("listitem").allTextContents()).toEqual(
      done.result?.["words"],
    );
    await page.getByText("compare the 16 words of its directory again").first().waitFor();
    await looks(page, "site-key");
    expect((await command("cleveland", ["audit", "verify"])).code).toBe(0);
    // The log under the old key is whole, up to its last signature.
    const moved = (await readdir(federation.siteDir("cleveland"))).find((name) => name.endsWith(".old")) ?? "";
    const elsewhere = await runProgram("engraft", ["audit", "verify", join(federation.siteDir("cleveland"), moved), "--json"], {
      name: "verify",
      log: join(heart.dir, "log", "verify.log"),
    });
    expect(elsewhere.code).toBe(0);
    // The plan of before names the old key.
    expect((await command("cleveland", ["directory", heart.plan])).stderr).toContain("before it was rotated");
    await expect(heart.startRun()).rejects.toThrow(/cleveland changed its key/);
    expect((await (await api()).plans.get.query({ digest: heart.plan })).cannotStart?.text).toMatch(/cleveland changed its key/);
    const anew = await propose("secure", 91);
    await federation.compareAll(anew, SITES);
    await Promise.all(SITES.map((site) => federation.approve(site, anew, "--data", "main", "--site-metrics")));
    const { run: second } = await (await api()).runs.start.mutate({ plan: anew });
    await heart.untilPhase(second, "finished");
    // A plain plan that was approved under the old key runs under the new one.
    const { run: third } = await (await api()).runs.start.mutate({ plan: plain });
    await expect((await api()).sites.remove.mutate({ site: "hungary", confirm: "hungary" })).rejects.toThrow(/needs hungary/);
    await heart.untilPhase(third, "finished");
    for (const release of [first, await proven(second, "2"), await proven(third, "3")]) {
      const verified = await verify(release, coordinatorKey);
      expect(verified.stderr).toBe("");
      expect(verified.code).toBe(0);
    }
    const text = await readFile(join(heart.dir, "release-3", "evidence.jsonl"), "utf8");
    const rotation = text.split("\n").find((line) => line.includes('"rotation"')) ?? "";
    expect(rotation).toContain("key.accept");
    // Without the rotation between them the approval's key is nobody's.
    const all = new Map(
      await Promise.all(
        (await readdir(join(heart.dir, "release-3")))
          .filter((name) => name !== "bundle.zip")
          .map(async (name) => [name, new Uint8Array(await readFile(join(heart.dir, "release-3", name)))] as const),
      ),
    );
    all.set("evidence.jsonl", new TextEncoder().encode(text.replace(`${rotation}\n`, "")));
    const robbed = verifyRelease(all, { coordinator: coordinatorKey });
    expect(JSON.stringify(robbed)).toContain("a change of the key of cleveland");
  });

  it("[J4] an admin removes a site by typing its name; its own command line says so, and what it helped to make still verifies", async () => {
    await open("/sites/hungary");
    await page.getByRole("button", { name: "Remove site" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Type hungary to confirm").fill("hungry");
    await dialog.getByRole("button", { name: "Remove site" }).click();
    await dialog.getByText("Type the site’s name exactly: hungary").waitFor();
    await clean(page, "site-remove");
    await dialog.getByLabel("Type hungary to confirm").fill("hungary");
    const before = agent("hungary").lines.length;
    await dialog.getByRole("button", { name: "Remove site" }).click();
    await page.getByText("It was removed by an admin").waitFor();
    await looks(page, "site-removed");
    const said = await agent("hungary").line(
      (line) => line.event === "offline" && line["code"] === "not-enrolled" && String(line["text"]).includes("on 20"),
      before,
    );
    expect(said["text"]).toMatch(/hungary was removed from the federation by its admin on .* ask the admin for an invite under a new name/);
    await agent("hungary").stop();
    const found = (await command("hungary", ["doctor"])).result?.["checks"] as readonly { check: string; level: string }[];
    expect(found.find(({ check }) => check === "membership")).toMatchObject({ level: "problem" });
    const bundle = join(heart.dir, "release-1", "bundle.zip");
    expect((await verify(bundle, coordinatorKey)).code).toBe(0);
  });

  it("[J5] a site leaves: a signed word stays, its keys go, and the page shows it", async () => {
    const home = heart.federation.siteDir("switzerland");
    expect((await command("switzerland", ["leave", "--confirm", "switzerland"])).code).not.toBe(0);
    await agent("switzerland").stop();
    expect((await command("switzerland", ["leave"])).stderr).toContain("--confirm switzerland");
    // Killed between the coordinator's answer and the end.
    expect((await command("switzerland", ["leave", "--confirm", "switzerland"], { ENGRAFT_CRASH_AT: "leave.recorded" })).code).toBe(137);
    expect((await command("switzerland", ["leave", "--confirm", "switzerland"])).code).toBe(0);
    const left = await readdir(home);
    for (const secret of ["identity.json", "secure", "split-key.json", "features.key", "next-identity.json"])
      expect(left).not.toContain(secret);
    expect(left).toEqual(expect.arrayContaining(["left.json", "audit.jsonl"]));
    expect((await command("switzerland", ["status"])).stderr).toContain("has left the federation");
    await open("/sites");
    await page.getByRole("heading", { name: "Left or removed" }).waitFor();
    await looks(page, "sites-left");
    await page.getByRole("link", { name: "switzerland" }).click();
    await page.getByText("It left by its own signed word").waitFor();
  });

  it("speaks German", async () => {
    await page.evaluate(() => localStorage.setItem("engraft-language", "de"));
    await open("/sites");
    await page.getByRole("button", { name: "Standort einladen" }).first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name des Standorts").fill("linz");
    await dialog.getByRole("button", { name: "Einladung erstellen" }).click();
    await dialog.getByRole("img", { name: "QR-Code der Einladung" }).waitFor();
    await clean(page, "sites-invite-de");
    await dialog.getByRole("button", { name: "Einladung zurückziehen" }).click();
    await page.getByText("zurückgezogen").first().waitFor();
    await clean(page, "sites-de");
    await open("/sites/va");
    await page.getByRole("heading", { name: "Anwesenheit, 30 Tage" }).waitFor();
    await clean(page, "site-de");
  });
});
