/** What people get wrong, through the real commands: each has its own exit code and says what to do next; nothing is lost. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CODES, type Code } from "@engraft/core/base/errors";
import { inviteText, readInvite, type Invite } from "@engraft/core/protocol/invite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Finished } from "../tools/federation/program.ts";
import { freePort, mustBeFree } from "../tools/federation/ports.ts";
import { exampleFile } from "../examples/heart-disease/files.ts";
import { Heart, heartPlan } from "./support/heart.ts";

let heart: Heart;
beforeAll(async () => {
  heart = await Heart.start({ sites: ["cleveland"] });
});
afterAll(() => heart.stop());

function expectCode(finished: Finished, code: Code): void {
  expect({ code: finished.code, stderr: finished.stderr }).toMatchObject({ code: CODES[code].exit });
  expect(finished.stderr).toContain(code);
}

async function invite(site: string): Promise<{ text: string; invite: Invite }> {
  const { invite: text } = await (await heart.federation.api()).sites.invite.mutate({ site, hours: 1 });
  const read = readInvite(text);
  if (!read.ok) throw new Error(read.text);
  return { text, invite: read.invite };
}

const enrol = (site: string, text: string) => heart.federation.siteCommand(site, "join", text);

describe("enrolment", () => {
  it("[I1] a mistyped invite", async () => {
    const { text } = await invite("graz");
    expectCode(await enrol("graz", `${text.slice(0, 60)}x${text.slice(61)}`), "invite-mistyped");
    expectCode(await enrol("graz", text.slice(0, -5)), "invite-mistyped");
  });

  it("[I3] a used invite, from another machine", async () => {
    const { text } = await invite("linz");
    expect((await enrol("linz", text)).code).toBe(0);
    expectCode(await enrol("linz-impostor", text), "invite-used");
  });

  it("[I4] enrolling twice changes nothing", async () => {
    const { text } = await invite("wels");
    const first = await enrol("wels", text);
    const second = await enrol("wels", text);
    expect([first.code, second.code]).toEqual([0, 0]);
    const sites = await (await heart.federation.api()).sites.list.query();
    expect(sites.filter(({ name }) => name === "wels")).toHaveLength(1);
  });

  it("[I3] a forged invite", async () => {
    const { invite: genuine } = await invite("steyr");
    const forged = inviteText({ ...genuine, secret: "A".repeat(43) });
    expectCode(await enrol("steyr", forged), "invite-forged");
  });

  it("an invite for another coordinator's key", async () => {
    const { invite: genuine } = await invite("krems");
    const wrong = inviteText({ ...genuine, coordinator: "A".repeat(43) as never });
    expectCode(await enrol("krems", wrong), "coordinator-key-wrong");
  });

  it("[I3] a name that is taken", async () => {
    const { invite: genuine } = await invite("horn");
    expectCode(await enrol("horn", inviteText({ ...genuine, site: "cleveland" as never })), "invite-forged");
    const taken = await (await heart.federation.api()).sites.invite.mutate({ site: "cleveland", hours: 1 }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(String(taken)).toContain("cleveland");
  });

  it("a coordinator that is not there", async () => {
    const { invite: genuine } = await invite("melk");
    expectCode(await enrol("melk", inviteText({ ...genuine, url: `http://127.0.0.1:${await freePort()}` })), "unreachable");
  });

  it("any command before joining", async () => {
    expectCode(await heart.federation.siteCommand("nobody", "start"), "not-enrolled");
  });
});

describe("data", () => {
  const flags = ["--delimiter", ",", "--decimal", ".", "--missing", "", "--patient", "patient", "--label", "num"];
  const table = async (name: string, change: (text: string) => string): Promise<string> => {
    const path = join(heart.dir, name);
    await writeFile(path, change(await readFile(exampleFile("data/cleveland.csv"), "utf8")));
    return path;
  };

  it("[D1] a table whose delimiter was not declared", async () => {
    const finished = await heart.federation.siteCommand("cleveland", "data", "add", "undeclared", "--file", exampleFile("sites.json"));
    expect(finished.code).not.toBe(0);
    expect(finished.stderr).toContain("delimiter");
  });

  it("[D2] values out of range, by line and without the value", async () => {
    const path = await table("odd.csv", (text) =>
      text
        .split("\n")
        .map((line, index) => (index === 3 ? line.replace(/^([^,]*),([^,]*),/, "$1,9876,") : line))
        .join("\n"),
    );
    await heart.federation.siteCommandOk("cleveland", "data", "add", "odd", "--file", path, ...flags);
    const finished = await heart.federation.siteCommand("cleveland", "data", "check", "odd", "--plan", heart.plan);
    const said = JSON.stringify(finished.stdout) + finished.stderr;
    expect(said).toMatch(/"line":4|"lines":\[4/);
    expect(said).not.toContain("9876");
  });

  it("[D2] the wrong delimiter", async () => {
    const path = await table("semicolon.csv", (text) => text.replaceAll(",", ";"));
    await heart.federation.siteCommandOk("cleveland", "data", "add", "semicolon", "--file", path, ...flags);
    const finished = await heart.federation.siteCommand("cleveland", "data", "check", "semicolon", "--plan", heart.plan);
    expectCode(finished, "data-invalid");
  });
});

describe("plans and programs", () => {
  it("[P3] a plan with two mistakes names both", async () => {
    const plan = await heartPlan();
    const path = join(heart.dir, "wrong.json");
    await writeFile(path, JSON.stringify({ ...plan, training: { ...plan.training, batch: 0, clip: -1 } }));
    const finished = await heart.federation.coordinatorCommand("plan", "propose", path);
    expectCode(finished, "plan-invalid");
    expect(finished.stderr).toMatch(/training\.batch[\s\S]*training\.clip/);
  });

  it("[P2] a plan with another patient split than its base", async () => {
    const plan = await heartPlan();
    const path = join(heart.dir, "split.json");
    await writeFile(path, JSON.stringify({ ...plan, data: { ...plan.data, split: { ...plan.data.split, salt: "another" } } }));
    await expect(heart.federation.coordinatorCommandOk("plan", "propose", path)).rejects.toThrow(/split/);
  });

  it("a busy port", async () => {
    await expect(mustBeFree(heart.federation.port)).rejects.toMatchObject({ code: "port-busy" });
    const finished = await heart.federation.secondCoordinator(heart.federation.port, join(heart.dir, "other"));
    expectCode(finished, "port-busy");
  });

  it("an approval of a plan nobody proposed", async () => {
    expectCode(
      await heart.federation.siteCommand("cleveland", "approve", "0".repeat(64), "--steward", "S", "--data", "main"),
      "plan-unknown",
    );
  });
});
