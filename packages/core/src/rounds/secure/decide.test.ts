/** One attempt by hand, against what sites may say wrongly or twice. */
import { beforeEach, describe, expect, it } from "vitest";
import { isRefusal } from "../../base/errors.ts";
import type { SiteName } from "../../base/ids.ts";
import { sha256 } from "../../crypto/digest.ts";
import type { Ask, SecaggReply } from "../../protocol/messages.ts";
import { decide, type Command } from "../decide.ts";
import type { RunEvent } from "../events.ts";
import { ABSENT, evolve } from "../evolve.ts";
import { owed } from "../owed.ts";
import { blob, createCommand, metrics, RUN } from "../play.fixture.ts";
import type { RunState } from "../state.ts";
import type { OweStep } from "./owed.ts";
import { paramsOf, securePlan, SimSite } from "./sites.fixture.ts";
import { Vault } from "./world.fixture.ts";

const NONCE = sha256("nonce");

/** Four sites of which three must stand together. */
class Attempt {
  readonly params = paramsOf(securePlan(4));
  readonly vault = new Vault();
  readonly sites = [0, 1, 2, 3].map((at) => new SimSite(this.params, at, "by hand", this.vault.bodies));
  readonly events: RunEvent[] = [];
  state: RunState = ABSENT;
  now = 0;

  constructor() {
    this.command(createCommand(this.sites.map(({ name }) => name)));
    this.look();
  }

  command(command: Command): readonly string[] | string {
    const answer = decide(this.params, this.state, command);
    if (isRefusal(answer)) return answer.code;
    this.events.push(...answer);
    this.state = answer.reduce(evolve(this.params), this.state);
    return answer.map(({ type }) => type);
  }

  look = (online = this.sites.map(({ name }) => name)) => this.command({ do: "look", at: this.now, online, nonce: NONCE });

  say(site: SiteName, reply: SecaggReply): readonly string[] | string {
    const command = { do: "reply", at: this.now, site, statement: sha256(JSON.stringify(reply)), reply } as const;
    return this.command({ ...command, ...this.vault.keep(this.params, this.state, reply) });
  }

  site(at: number): SimSite {
    return this.sites[at] as SimSite;
  }

  ask(at: number): Ask {
    const due = owed(this.params, this.state).find((one) => one.owe === "ask" && one.site === this.site(at).name);
    if (due?.owe !== "ask") throw new Error("nothing is asked");
    return due.ask;
  }

  advert(at: number): SecaggReply {
    const reply = this.site(at).ask(this.ask(at), this.now);
    if (isRefusal(reply)) throw new Error(reply.text);
    return reply;
  }

  steps(at: number): readonly OweStep[] {
    return owed(this.params, this.state).flatMap((one) => (one.owe === "step" && one.site === this.site(at).name ? [one] : []));
  }

  /** The site's reply to what it is owed. */
  reply(at: number): SecaggReply {
    const [step] = this.steps(at);
    if (step === undefined) throw new Error("the site is owed nothing");
    const deals = step.step.phase === "shares" ? this.vault.dealsOf(step.step.deals) : [];
    const reply = this.site(at).step(step, deals, this.now);
    if (reply === undefined || isRefusal(reply)) throw new Error("no reply");
    return reply;
  }

  /** Everybody (or these) answers in the current phase. */
  all(sites: readonly number[] = [0, 1, 2, 3]): void {
    const { phase } = this.state;
    const replies = sites.map((at) => (phase === "advertising" ? this.advert(at) : this.reply(at)));
    for (const [index, at] of sites.entries()) this.say(this.site(at).name, replies[index] as SecaggReply);
  }
}

let attempt: Attempt;
beforeEach(() => {
  attempt = new Attempt();
});

const bent = (reply: SecaggReply): SecaggReply => {
  if (!("statement" in reply)) return reply;
  const { body } = reply.statement;
  return { ...reply, statement: { ...reply.statement, body: `${body.startsWith("A") ? "B" : "A"}${body.slice(1)}` } };
};

describe("an attempt", () => {
  it("[R16] fixes roster, dealers and survivors once each, in byte order", () => {
    attempt.all([3, 1, 0, 2]);
    expect(attempt.events.at(-1)).toMatchObject({ type: "roster.fixed", sites: attempt.sites.map(({ name }) => name) });
    attempt.all();
    expect(attempt.events.at(-1)).toMatchObject({ type: "shares.fixed" });
    attempt.all();
    expect(attempt.events.at(-1)).toMatchObject({ type: "inputs.fixed" });
    attempt.all();
    expect(attempt.events.at(-1)).toMatchObject({ type: "echo.accepted" });
    attempt.all([0, 1, 2]);
    expect(owed(attempt.params, attempt.state).filter(({ owe }) => owe === "open")).toHaveLength(1);
  });

  it.each([
    ["advertising", 0],
    ["dealing", 1],
    ["masking", 2],
    ["unmasking", 3],
  ] as const)("[R16] in %s a repeated statement changes nothing and a differing one is refused or drops its sender", (phase, before) => {
    for (let done = 0; done < before; done++) attempt.all();
    expect(attempt.state.phase).toBe(phase);
    const { name } = attempt.site(0);
    const reply = phase === "advertising" ? attempt.advert(0) : attempt.reply(0);
    expect(attempt.say(name, reply)).toHaveLength(1);
    const { state } = attempt;
    expect(attempt.say(name, reply)).toEqual([]);
    expect(attempt.state).toBe(state);
    // Another body: of a different second statement only the first counts; where its signature is looked at first, the sender is out.
    expect([["site.dropped"], "second-answer"]).toContainEqual(attempt.say(name, bent(reply)));
  });

  it("[R16] a statement that comes after its set was fixed is refused, and the others go on without its site", () => {
    attempt.all();
    const late = attempt.reply(3);
    attempt.all([0, 1, 2]);
    attempt.now = 60_000;
    expect(attempt.look()).toEqual(["shares.fixed"]);
    expect(attempt.say(attempt.site(3).name, late)).toBe("attempt-stale");
    expect(attempt.steps(3)).toEqual([]);
    attempt.all([0, 1, 2]);
    expect(attempt.events.at(-1)).toMatchObject({ type: "inputs.fixed", sites: attempt.sites.slice(0, 3).map(({ name }) => name) });
  });

  it("[R5] [R3] only for this run, round and attempt, and only from sites that were asked", () => {
    const advert = attempt.advert(0);
    const { name } = attempt.site(0);
    expect(attempt.say(name, { ...advert, run: "other.1" as typeof RUN })).toBe("wrong-plan");
    expect(attempt.say(name, { ...advert, round: 2 })).toBe("stale-round");
    expect(attempt.say(name, { ...advert, attempt: 2 })).toBe("attempt-stale");
    expect(attempt.say("nobody" as SiteName, advert)).toBe("not-in-cohort");
    expect(attempt.say(attempt.site(1).name, advert)).toBe("roster-wrong");
    expect(attempt.say(name, { ...advert, plan: sha256("other") } as SecaggReply)).toBe("wrong-plan");
    expect(attempt.say(name, { ...advert, checkpoint: sha256("other") } as SecaggReply)).toBe("stale-round");
  });

  it("[R18] [M1] figures of a site's own patients drop it where the plan does not ask for them or they are of too few", () => {
    const advert = attempt.advert(0);
    const few = { ...advert, figures: { validation: metrics(0.8, 3), base: null, alone: null, federated: null } } as SecaggReply;
    expect(attempt.say(attempt.site(0).name, few)).toEqual(["site.dropped"]);
    expect(attempt.events.at(-1)).toMatchObject({ code: "metric-not-allowed" });
  });

  it.each([
    ["a mixed model", { mix: { weight: 0.5, metrics: metrics(0.8) } }],
    ["the model with an intercept of the site's own", { intercept: metrics(0.8) }],
  ])("[M7] so do those of %s that the plan does not ask for", (_, more) => {
    const figures = { validation: null, base: null, alone: null, federated: null, ...more };
    const advert = { ...attempt.advert(0), figures } as SecaggReply;
    expect(attempt.say(attempt.site(0).name, advert)).toEqual(["site.dropped"]);
  });

  it("a masked vector that is not the one announced is refused", () => {
    attempt.all();
    attempt.all();
    const masked = attempt.reply(0);
    if (masked.phase !== "masked") throw new Error("no vector");
    expect(attempt.say(attempt.site(0).name, { ...masked, body: blob("other") })).toBe("bad-message");
    const { digest, bytes } = masked.body;
    expect(attempt.say(attempt.site(0).name, { ...masked, body: { digest, bytes: bytes + 4 } })).toBe("bad-message");
  });

  it("[R17] too few before a share has left: the round is begun anew under another attempt, and then ends by name", () => {
    for (const number of [1, 2, 3]) {
      expect(attempt.state).toMatchObject({ phase: "advertising", attempt: { number } });
      attempt.all([0, 1]);
      attempt.now += 600_000;
      attempt.look([]);
      expect(attempt.events.at(-1)).toMatchObject({ type: number === 3 ? "round.failed" : "attempt.failed", code: "too-few-sites" });
      attempt.look();
    }
    expect(attempt.state).toMatchObject({ phase: "advertising", attempt: { round: 2, number: 1 } });
  });

  it("[R17] three rounds in a row without a sum end the run by name", () => {
    for (let tries = 0; tries < 9; tries++) {
      attempt.now += 600_000;
      attempt.look();
    }
    expect(attempt.events.at(-1)).toMatchObject({ type: "run.failed", code: "rounds-failed" });
  });

  it("[R17] after one release no other attempt of the round is made", () => {
    for (let done = 0; done < 4; done++) attempt.all();
    attempt.all([0]);
    attempt.now += 120_000;
    expect(attempt.look([])).toEqual(["attempt.failed", "round.failed"]);
    attempt.look();
    expect(attempt.state).toMatchObject({ phase: "advertising", attempt: { round: 2, number: 1 } });
  });

  it("[R17] shares that do not give the sum are tried again with more of them, and then the round ends by name", () => {
    for (let done = 0; done < 4; done++) attempt.all();
    attempt.all([0, 1, 2]);
    const not = (releases: number) =>
      attempt.command({
        do: "not-opened",
        at: attempt.now,
        round: 1,
        attempt: 1,
        releases,
        code: "sum-unrecoverable",
        text: "They do not fit.",
        blamed: attempt.site(3).name,
      });
    expect(not(3)).toEqual(["opening.failed"]);
    expect(owed(attempt.params, attempt.state).some(({ owe }) => owe === "open")).toBe(false);
    attempt.all([3]);
    expect(owed(attempt.params, attempt.state).some(({ owe }) => owe === "open")).toBe(true);
    expect(not(4)).toEqual(["opening.failed", "attempt.failed", "round.failed"]);
    expect(attempt.events.at(-1)).toMatchObject({ code: "sum-unrecoverable" });
  });

  it("[R19] after a restore the run ends by name", () => {
    expect(attempt.command({ do: "restore", at: 5 })).toEqual(["run.failed"]);
    expect(attempt.events.at(-1)).toMatchObject({ code: "restored" });
  });

  it("[R12] is stopped in every phase", () => {
    for (let done = 0; done < 4; done++) {
      const other = new Attempt();
      for (let again = 0; again < done; again++) other.all();
      expect(other.command({ do: "stop", at: 1, by: "admin" })).toEqual(["run.stopped"]);
    }
  });
});
