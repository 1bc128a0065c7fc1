/** Alerts of a whole coordinator, to a real mail server and a real receiver. */
import { createHmac } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Coordinator, type Api } from "../coordinator.fixture.ts";
import { openHook, openMailServer, type Hook, type MailServer } from "../../../../test/support/receivers.ts";
import { subjectOf } from "./mail.ts";
import { MOST_AN_HOUR } from "./outbox.ts";

const HOUR = 3_600_000;
const MAIL_PASSWORD = "the mail server's password";

let coordinator: Coordinator;
let api: Api;
let mail: MailServer;
let hook: Hook;
const settings = () => ({
  mail: { smtpUrl: mail.url, password: MAIL_PASSWORD, from: "engraft@hospital.example" },
  webhookAllow: [`127.0.0.1:${hook.port}`],
  patienceMs: 60_000,
});
beforeEach(async () => {
  mail = await openMailServer(MAIL_PASSWORD);
  hook = await openHook();
  coordinator = await Coordinator.start({ alerts: settings() });
  api = await coordinator.api();
});
afterEach(async () => {
  await coordinator.remove();
  await mail.close();
  hook.close();
});

const ALL = ["storage", "run-ended"] as const;
const mailChannel = (to = ["duty@hospital.example"]) =>
  api.alerts.save.mutate({ name: "Duty", kind: "mail", to, causes: [...ALL], on: true });
const hookChannel = () =>
  api.alerts.save.mutate({ name: "Pager", kind: "webhook", url: hook.url, newSecret: false, causes: [...ALL], on: true });
const pass = (ms: number): void => {
  coordinator.clock = Math.max(coordinator.clock, Date.now()) + ms;
};
const fail = (run: string | null, text: string) =>
  coordinator.app.faults
    .watch(run, "test", () => Promise.reject(Object.assign(new Error(text), { code: "ENOSPC" })))
    .catch(() => undefined);
const mend = (run: string | null) => coordinator.app.faults.watch(run, "test", () => Promise.resolve());
const tick = () => coordinator.app.alerts.tick();

describe("alerts", () => {
  it("[X1] [X3] go out once for a cause and once for its end, over any number of looks and a restart", async () => {
    await mailChannel();
    await hookChannel();
    await fail(null, "No space left");
    await tick();
    expect(mail.mails).toEqual([]);
    pass(31_000);
    await tick();
    await tick();
    expect(mail.mails.map(({ to }) => to)).toEqual([["duty@hospital.example"]]);
    expect(mail.mails[0]?.raw).toMatch(/^Subject: \[Engraft\] The coordinator cannot store what it must\.\r$/m);
    expect(mail.mails[0]?.raw).toMatch(/^Content-Type: text\/plain/m);
    expect(mail.mails[0]?.raw).toContain(`${coordinator.url}/runs`);
    const { needs } = await api.home.query();
    expect(JSON.parse(hook.heard[0]?.body ?? "")).toMatchObject({
      state: "open",
      kind: "storage",
      what: needs[0]?.what,
      next: needs[0]?.next,
    });
    const clock = coordinator.clock;
    await coordinator.stop();
    coordinator = await Coordinator.start({ data: coordinator.data, alerts: settings() });
    api = await coordinator.api();
    coordinator.clock = clock;
    await fail(null, "No space left");
    await tick();
    expect([mail.mails.length, hook.heard.length]).toEqual([1, 1]);
    await mend(null);
    await tick();
    await tick();
    expect(mail.mails[1]?.raw).toMatch(/^Subject: \[Engraft\] Over: The coordinator cannot store/m);
    expect([mail.mails.length, hook.heard.length]).toEqual([2, 2]);
  });

  it("[X1] come in the language of their channel, from beginning to end", async () => {
    await api.alerts.save.mutate({
      name: "Dienst",
      kind: "mail",
      to: ["dienst@klinik.example"],
      causes: [...ALL],
      on: true,
      language: "de",
    });
    await fail(null, "No space left");
    await tick();
    pass(31_000);
    await tick();
    await mend(null);
    await tick();
    const texts = mail.mails.map(({ raw }) =>
      Buffer.from(
        raw.replaceAll(/=\r\n/g, "").replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
        "latin1",
      ).toString("utf8"),
    );
    expect(texts[0]).toContain("Der Koordinator kann nicht speichern, was er muss.");
    expect(texts[0]).toMatch(/No space left.* Es geht von selbst weiter, sobald das behoben ist\./);
    expect(texts[1]).toContain("Vorbei: Der Koordinator kann nicht speichern");
    expect(texts[1]).toContain("Das ist behoben; es bleibt nichts zu tun.");
    const [{ id } = { id: "" }] = (await api.alerts.get.query()).channels;
    expect((await api.alerts.get.query()).channels[0]?.language).toBe("de");
    await api.alerts.test.mutate({ id });
    expect(mail.mails[2]?.raw).toContain("Dies ist eine Probemeldung.");
  });

  it("[X3] what could not be sent is tried again later each time, kept over a restart, and given up by name", async () => {
    await mailChannel();
    mail.fault = 451;
    await fail(null, "x");
    await tick();
    pass(31_000);
    await tick();
    const message = async () => (await api.alerts.get.query()).messages[0];
    expect(await message()).toMatchObject({ state: "waiting", attempts: 1, error: expect.stringContaining("451") });
    await tick();
    expect(await message()).toMatchObject({ attempts: 1 });
    const clock = coordinator.clock;
    await coordinator.stop();
    coordinator = await Coordinator.start({ data: coordinator.data, alerts: settings() });
    api = await coordinator.api();
    coordinator.clock = clock;
    await fail(null, "x");
    for (let tries = 2; tries <= 8; tries++) {
      pass(13 * HOUR);
      await tick();
      expect((await message())?.attempts).toBe(tries);
    }
    expect(await message()).toMatchObject({ state: "failed" });
    expect((await api.doctor.inside.query()).alerts).toMatchObject([
      { code: "alerts-unsent", level: "warning", text: expect.stringContaining("451") },
    ]);
    mail.fault = undefined;
    pass(13 * HOUR);
    await tick();
    expect(mail.mails).toEqual([]);
  });

  it("[X3] are no more than so many an hour to one receiver; the rest waits and comes later", async () => {
    await mailChannel();
    for (let n = 0; n < MOST_AN_HOUR + 5; n++) await fail(`run.${n}`, `fault ${n}`);
    await tick();
    pass(31_000);
    await tick();
    expect(mail.mails).toHaveLength(MOST_AN_HOUR);
    pass(2 * HOUR);
    await tick();
    expect(mail.mails).toHaveLength(MOST_AN_HOUR + 5);
  });

  it("[X4] names with line breaks and markup begin no header and stay text", async () => {
    await mailChannel();
    await fail("graz\r\nBcc: everybody@evil.example\r\n\r\n<img src=x onerror=alert(1)>", "path\r\n.\r\nQUIT");
    await tick();
    pass(31_000);
    await tick();
    expect(mail.mails).toHaveLength(1);
    expect(mail.mails[0]?.to).toEqual(["duty@hospital.example"]);
    const head = (mail.mails[0]?.raw ?? "").split("\r\n\r\n")[0] ?? "";
    expect(head).not.toMatch(/^bcc:/im);
    expect(head.match(/^content-type:.*$/gim)).toEqual(["Content-Type: text/plain; charset=utf-8"]);
    expect(subjectOf("a\r\nBcc: b\u0000\u2028c\u202Ed")).toBe("a Bcc: b c d");
    expect(subjectOf("x".repeat(500)).length).toBeLessThanOrEqual(160);
  });
});

describe("a channel", () => {
  it("[X5] keeps a webhook's secret out of the database in clear, and shows it once", async () => {
    const { secret, id } = await hookChannel();
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(await api.alerts.test.mutate({ id })).toEqual({ failed: null });
    const [{ headers, body } = { headers: {}, body: "" }] = hook.heard;
    const [, seconds = "", signed] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers["engraft-signature"])) ?? [];
    expect(
      createHmac("sha256", secret ?? "")
        .update(`${seconds}.${body}`)
        .digest("hex"),
    ).toBe(signed);
    expect(JSON.stringify(await api.alerts.get.query())).not.toContain(secret);
    const rows = await coordinator.app.store.prisma
      .$queryRaw`SELECT row_to_json(c) FROM "channel" c UNION ALL SELECT row_to_json(a) FROM "audit" a`;
    expect(JSON.stringify(rows)).not.toContain(secret);
    expect(JSON.stringify(rows)).not.toContain(MAIL_PASSWORD);
    const files = await readdir(coordinator.data, { recursive: true, withFileTypes: true });
    for (const file of files.filter((one) => one.isFile())) {
      const bytes = await readFile(join(file.parentPath, file.name));
      expect(bytes.includes(secret ?? "") || bytes.includes(MAIL_PASSWORD)).toBe(false);
    }
  });

  it("[X5] copied to another row a sealed secret opens nothing", async () => {
    const { id } = await hookChannel();
    const { prisma } = coordinator.app.store;
    const row = await prisma.channel.findUniqueOrThrow({ where: { id } });
    await prisma.channel.create({ data: { ...row, id: "other" } });
    expect((await api.alerts.test.mutate({ id: "other" })).failed).toContain("secret cannot be read");
    expect(hook.heard).toEqual([]);
  });

  it("says what is wrong when it is tested, and no password", async () => {
    const { id } = await mailChannel();
    expect(await api.alerts.test.mutate({ id })).toEqual({ failed: null });
    expect(mail.mails[0]?.raw).toContain("This is a test message.");
    mail.fault = 550;
    expect((await api.alerts.test.mutate({ id })).failed).toContain("takes no mail for these addresses");
    await coordinator.stop();
    coordinator = await Coordinator.start({
      data: coordinator.data,
      alerts: { ...settings(), mail: { ...settings().mail, password: "another password" } },
    });
    api = await coordinator.api();
    const { failed } = await api.alerts.test.mutate({ id });
    expect(failed).toBe("The mail server refused the user name or the password.");
  });

  it("[X6] is not taken where its address lies inside", async () => {
    const save = (url: string) =>
      api.alerts.save.mutate({ name: "x", kind: "webhook", url, newSecret: false, causes: ["clock"], on: true });
    await expect(save("https://127.0.0.1/")).rejects.toThrow("inside a network");
    await expect(save("http://example.org/")).rejects.toThrow("by https");
    await expect(save("nonsense")).rejects.toThrow("whole address");
    expect((await api.alerts.get.query()).channels).toEqual([]);
  });

  it("removed, it hears nothing more; off, neither", async () => {
    const { id } = await mailChannel();
    const { id: off } = await api.alerts.save.mutate({
      name: "Off",
      kind: "mail",
      to: ["off@hospital.example"],
      causes: [...ALL],
      on: false,
    });
    await fail(null, "x");
    await tick();
    pass(31_000);
    mail.fault = 451;
    await tick();
    await api.alerts.remove.mutate({ id });
    mail.fault = undefined;
    pass(HOUR);
    await tick();
    expect(mail.mails).toEqual([]);
    expect((await api.alerts.get.query()).channels.map((channel) => channel.id)).toEqual([off]);
    expect((await api.audit.list.query({})).map(({ text }) => text)).toContain("operator removed the alert channel Duty.");
  });
});
