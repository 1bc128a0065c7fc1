/** A coordinator driven by hand, with the real one's key and the other sites' keys, against one real agent whose traffic is captured. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { float32Bytes, fromBase64url } from "@engraft/core/base/bytes";
import type { Digest, RunId, SiteName } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import { identityFromSeed, signBytes } from "@engraft/core/crypto/identity";
import { Manifest } from "@engraft/core/models/manifest";
import { readSafetensors } from "@engraft/core/models/safetensors";
import { flatten, trainableTensors } from "@engraft/core/models/tensors";
import type { Plan } from "@engraft/core/models/plan";
import type { Ask, MessageOf, MessageType, SecaggReply, SecaggStep } from "@engraft/core/protocol/messages";
import type { BlobRef } from "@engraft/core/rounds/events";
import { FakeCoordinator } from "../../apps/site-agent/src/coordinator.fixture.ts";
import { payloads } from "./capture.ts";
import { attemptOf, HandAttempt } from "./hand-secure.ts";
import { keysOf } from "./hand-site.ts";
import type { Heart } from "./heart.ts";
import { CuttingProxy } from "./proxy.ts";
import { planAt } from "./secure-liar.ts";

type Reply<P extends SecaggReply["phase"]> = Extract<SecaggReply, { phase: P }>;

export class LyingCoordinator {
  readonly #heart: Heart;
  readonly #fake: FakeCoordinator;
  readonly #proxy: CuttingProxy;
  readonly #victim: string;
  readonly #plan: Plan;
  /** The other sites' keys. */
  readonly #others: readonly HandAttempt["by"][];
  #heard = 0;

  private constructor(
    heart: Heart,
    fake: FakeCoordinator,
    proxy: CuttingProxy,
    victim: string,
    plan: Plan,
    others: readonly HandAttempt["by"][],
  ) {
    this.#heart = heart;
    this.#fake = fake;
    this.#proxy = proxy;
    this.#victim = victim;
    this.#plan = plan;
    this.#others = others;
  }

  /** The real coordinator stops; its key, and everybody else's, is the liar's. */
  static async insteadOf(heart: Heart, victim: string): Promise<LyingCoordinator> {
    const { federation } = heart;
    await Promise.all([...federation.agents.values()].map((agent) => agent.stop()));
    await federation.coordinator.stop();
    const fake = await FakeCoordinator.start();
    fake.identity = identityFromSeed(await coordinatorSeed(federation.coordinatorDir));
    const home = federation.siteDir(victim);
    const { identity, coordinatorKey } = await keysOf(home);
    if (fake.identity.publicKey !== coordinatorKey) throw new Error("that is not the coordinator's key");
    fake.enrolled.set(identity.publicKey, victim as SiteName);
    const proxy = await CuttingProxy.start(Number(new URL(fake.url).port), { capture: true });
    const path = join(home, "federation.json");
    const known = JSON.parse(await readFile(path, "utf8")) as object;
    await writeFile(path, JSON.stringify({ ...known, url: `http://127.0.0.1:${proxy.port}` }));
    const others = heart.sites.map(({ site }) => site as SiteName).filter((site) => site !== victim);
    const keys = others.map(async (site) => ({ site, identity: (await keysOf(federation.siteDir(site))).identity, sign: signBytes }));
    const liar = new LyingCoordinator(heart, fake, proxy, victim, await planAt(home, heart.plan), await Promise.all(keys));
    await federation.startAgent(victim);
    return liar;
  }

  get links(): number {
    return this.#fake.links;
  }

  connected(links = 1): Promise<void> {
    return this.#fake.connected(links);
  }

  send<T extends MessageType>(type: T, value: MessageOf<T>): void {
    this.#heard = this.#fake.heard.length;
    this.#fake.send(type, value);
  }

  /** An honest ask of that round, from the plan's own base. */
  async ask(round: number, attempt = 1): Promise<Ask> {
    const home = this.#heart.federation.siteDir(this.#victim);
    const { manifest: text } = JSON.parse(await readFile(join(home, "plans", `${this.#heart.plan}.json`), "utf8")) as { manifest: string };
    const manifest = Manifest.parse(JSON.parse(text));
    const { digest } = manifest.weights;
    const weights = await readFile(join(this.#heart.federation.coordinatorDir, "blobs", "blobs", digest.slice(0, 2), digest));
    const trained = trainableTensors(manifest.tensors, this.#plan.training.trainable);
    const put = (bytes: Uint8Array): Promise<BlobRef> => this.#fake.blobs.put(bytes);
    const start = await put(float32Bytes(flatten(trained, readSafetensors(weights).tensors)));
    const [manifestRef, weightsRef] = [await put(Buffer.from(text)), await put(weights)];
    const opening = { number: attempt, nonce: sha256(`nonce ${round}.${attempt}`), previous: null };
    const about = { run: `${this.#plan.name}.1` as RunId, round, kind: "train", plan: this.#heart.plan as Digest } as const;
    const blobs = { manifest: manifestRef, weights: weightsRef, checkpoint: start, start };
    return { ...about, ...blobs, deadline: Date.now() + 600_000, attempt: opening };
  }

  /** The other sites' sides of the attempt. */
  join(ask: Ask): readonly HandAttempt[] {
    const { publicKey } = this.#fake.identity;
    return this.#others.map((by) => {
      const { directory } = new HandAttempt(this.#plan, by, { at: { run: ask.run, round: 0, attempt: 0 }, ask, hash: ask.plan });
      return new HandAttempt(this.#plan, by, attemptOf(ask, directory, publicKey));
    });
  }

  /** Sends, and waits for the agent's next word of that kind. */
  async says<T extends "ask" | "secagg.step", P extends SecaggReply["phase"]>(type: T, value: MessageOf<T>, phase: P): Promise<Reply<P>> {
    this.send(type, value);
    const reply = await this.#next();
    if (reply.type !== "secagg.reply" || reply.value.phase !== phase) throw new Error(`expected ${phase}: ${JSON.stringify(reply)}`);
    return reply.value as Reply<P>;
  }

  async refuses(step: SecaggStep, code: string): Promise<void> {
    const reply = await this.says("secagg.step", step, "refused");
    if (reply.code !== code || reply.step !== step.phase) throw new Error(`expected ${code} for ${step.phase}: ${JSON.stringify(reply)}`);
  }

  async declines(ask: Ask, code: string): Promise<void> {
    this.send("ask", ask);
    const reply = await this.#next();
    if (reply.type !== "decline" || reply.value.code !== code) throw new Error(`expected a decline for ${code}: ${JSON.stringify(reply)}`);
  }

  fetch(body: BlobRef): Promise<void> {
    const { link } = this.#fake;
    if (link === undefined) throw new Error("no link");
    return link.fetch(body);
  }

  /** The next statement or decline; the test's own time limit ends the wait. */
  async #next() {
    for (;;) {
      const found = this.#fake.heard.slice(this.#heard).find(({ message: { type } }) => type === "secagg.reply" || type === "decline");
      if (found !== undefined) return found.message;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Which of these stand in what the agent has sent: as they are, or in any text that decodes to them. */
  onTheWire(secrets: ReadonlyMap<string, Uint8Array>): readonly string[] {
    const sent = Buffer.concat(this.#proxy.sent.map((chunks) => payloads(Buffer.concat(chunks))));
    const packed = [...sent.toString("latin1").matchAll(/[A-Za-z0-9_-]{43,}/g)].map(([text]) => Buffer.from(fromBase64url(text) ?? []));
    const all = Buffer.concat([sent, ...packed]);
    return [...secrets].flatMap(([name, secret]) => {
      const one = Buffer.from(secret);
      return [one, one.toString("hex"), one.toString("base64url").slice(0, 40)].some((form) => all.indexOf(form) >= 0) ? [name] : [];
    });
  }

  async stop(): Promise<void> {
    await this.#heart.federation.agents.get(this.#victim)?.stop();
    await this.#proxy.stop();
    await this.#fake.stop();
  }
}

/** The seed of the coordinator's signing key, in its data folder. */
async function coordinatorSeed(data: string): Promise<Uint8Array> {
  const seed = fromBase64url((await readFile(join(data, "secrets", "coordinator.key"), "utf8")).trim());
  if (seed === undefined) throw new Error("no seed in the coordinator's folder");
  return seed;
}
