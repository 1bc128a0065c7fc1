/** Pictures that enter the layers of a base: the depth of the plan says what runs in front, and what is trained at the site stays there. */
import { sha256 } from "@engraft/core/crypto/digest";
import type { Manifest } from "@engraft/core/models/manifest";
import type { Plan } from "@engraft/core/models/plan";
import { personalTensors, totalSize, trainableTensors, type TrainablePart } from "@engraft/core/models/tensors";
import { readSafetensors, writeSafetensors } from "@engraft/core/models/safetensors";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Net } from "./architectures/net.ts";
import type { PublishedNetwork } from "./architectures/known.ts";
import { baseFromLayers } from "./import/from-layers.ts";
import { initialVector } from "./import/base.ts";
import { randomTensors } from "./ir/networks.fixture.ts";
import { plan as tablePlan, tableOf } from "./model.fixture.ts";
import { openSession, type Session, type SessionOptions } from "./train/session.ts";

let folder = "";
let base: { readonly manifest: Manifest; readonly weights: Uint8Array };
let table: SessionOptions["table"];

/** Two convolutional blocks with normalisation, then a classifier of ten. */
function network(): PublishedNetwork {
  const net = new Net([3, 12, 12]);
  for (const [index, out] of [6, 8].entries()) {
    net.block(`block${index}`);
    net.conv(`conv${index}`, { out, kernel: [3, 3], stride: 2, padding: "centred" });
    net.norm(`norm${index}`, 1e-5);
    net.activation("relu");
  }
  net.globalPool();
  const { architecture } = net.head("fc", 10);
  return { architecture, tensors: randomTensors(architecture), mean: [127, 127, 127], sd: [64, 64, 64] };
}

const said = {
  name: "shapes",
  version: "1.0",
  title: "Shapes",
  description: "",
  licence: "CC0",
  origin: "A test",
  field: { name: "image", title: "Picture" },
  label: { name: "sick", title: "Sick", positive: ["1"], negative: ["0"] },
  split: null,
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "engraft-pictures-"));
  const given = network();
  base = await baseFromLayers(given, { ...said, mean: given.mean, sd: given.sd });
  const rows = await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const sick = index % 2;
      const background = { r: sick === 1 ? 180 : 60, g: (index * 37) % 256, b: (index * 91) % 256 };
      await sharp({ create: { width: 16, height: 16, channels: 3, background } })
        .png()
        .toFile(join(folder, `${index}.png`));
      return `p${index},${index}.png,${sick}`;
    }),
  );
  table = tableOf(["id,image,sick", ...rows, ""].join("\n"), { files: folder });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const planWith = (training: Partial<Plan["training"]>): Plan => ({
  ...tablePlan,
  data: { fields: base.manifest.fields, label: base.manifest.label, split: { salt: "s", train: 0.6, validation: 0.2 } },
  training: { ...tablePlan.training, optimizer: { name: "adam", learningRate: 0.05 }, amount: { unit: "updates", count: 12 }, ...training },
});

const control = { progress: () => undefined, aborted: () => false };
const seed = { run: "shapes.1", round: 1, site: "here" };
const open = (plan: Plan, changes: Partial<SessionOptions> = {}): Promise<Session> =>
  openSession({ ...base, plan, table, backends: ["cpu"], ...changes }, control);
const start = (trainable: TrainablePart): Float32Array => initialVector(base.manifest, base.weights, trainable);
const lossOf = async (session: Session, vector: Float32Array, personal?: Float32Array): Promise<number> =>
  (await session.evaluate(vector, "train", personal))?.values.loss?.value ?? Number.NaN;

describe("[B10] a base whose pictures enter its layers", () => {
  it.each<TrainablePart>([{ part: "head" }, { part: "last-blocks", blocks: 1 }, { part: "all" }, { part: "all", norm: "shared" }])(
    "is trained at the depth %j",
    async (trainable) => {
      const session = await open(planWith({ trainable }));
      const from = start(trainable);
      const { update, personal } = await session.train(from, seed, control);
      expect(update).toHaveLength(totalSize(trainableTensors(base.manifest.tensors, trainable)));
      expect(personal).toHaveLength(0);
      const after = from.map((value, index) => value + (update[index] as number));
      expect(await lossOf(session, after)).toBeLessThan(await lossOf(session, from));
      expect(await session.train(from, seed, control)).toMatchObject({ update });
    },
  );

  it("[B19] can give its head signed roots of the features, which are then what the head takes", async () => {
    const { manifest } = base;
    const options = { ...said, mean: [127, 127, 127], sd: [64, 64, 64] };
    const rooted = await baseFromLayers(network(), { ...options, roots: true });
    const plain = manifest.reference?.features ?? [];
    expect(plain.some((value) => value > 0.01)).toBe(true);
    const expected = plain.map((value) => Math.sign(value) * Math.sqrt(Math.abs(value)));
    rooted.manifest.reference?.features.forEach((value, at) => expect(Math.abs(value - (expected[at] as number))).toBeLessThan(0.011));
    expect(rooted.manifest.tensors).toEqual(manifest.tensors);
    const session = await openSession({ ...rooted, plan: planWith({ trainable: { part: "head" } }), table, backends: ["cpu"] }, control);
    const from = initialVector(rooted.manifest, rooted.weights, { part: "head" });
    const { update } = await session.train(from, seed, control);
    const after = from.map((value, index) => value + (update[index] as number));
    expect(await lossOf(session, after)).toBeLessThan(await lossOf(session, from));
  });

  it("gives the same predictions wherever it is cut", async () => {
    const losses = [];
    for (const trainable of [{ part: "head" }, { part: "last-blocks", blocks: 1 }, { part: "all" }] as const) {
      const session = await open(planWith({ trainable }));
      const vector = start(trainable).map((value, index, all) =>
        index >= all.length - 9 ? 0.1 * ((all.length - index) % 7) - 0.2 : value,
      );
      losses.push(await lossOf(session, vector));
    }
    expect(losses[1]).toBeCloseTo(losses[0] as number, 5);
    expect(losses[2]).toBeCloseTo(losses[0] as number, 5);
  });

  it("keeps what runs in front, for each cut by itself, and nothing of bare pixels", async () => {
    const featureCache = { folder: join(folder, "features"), key: new Uint8Array(32).fill(1) };
    for (const trainable of [{ part: "head" }, { part: "head" }, { part: "last-blocks", blocks: 1 }, { part: "all" }] as const)
      await open(planWith({ trainable }), { featureCache });
    expect(await readdir(featureCache.folder)).toHaveLength(2);
  });

  it("that computes something else here than at its author's is refused", async () => {
    const reference = base.manifest.reference as NonNullable<Manifest["reference"]>;
    const manifest = { ...base.manifest, reference: { ...reference, features: reference.features.map((value) => value + 0.1) } };
    await expect(open(planWith({ trainable: { part: "all" } }), { manifest })).rejects.toThrow("does not compute here what it did");
  });

  it("with weights that were exchanged under a fitting digest is refused by its reference", async () => {
    const tensors = new Map(readSafetensors(base.weights).tensors);
    tensors.set(
      "l1/kernel",
      (tensors.get("l1/kernel") as Float32Array).map((value) => 1.1 * value),
    );
    const weights = writeSafetensors(base.manifest.tensors, tensors);
    const manifest = { ...base.manifest, weights: { digest: sha256(weights), bytes: weights.byteLength } };
    await expect(open(planWith({ trainable: { part: "head" } }), { manifest, weights })).rejects.toThrow("does not compute here");
  });
});

describe("[B11] what is personal", () => {
  const trainable = { part: "all", norm: "local", personal: "head" } as const;

  it("is trained, returned beside the update, and no part of it", async () => {
    const session = await open(planWith({ trainable }));
    const from = start(trainable);
    const { update, personal } = await session.train(from, seed, control);
    const [travels, stays] = [trainableTensors(base.manifest.tensors, trainable), personalTensors(base.manifest.tensors, trainable)];
    expect(travels.map(({ name }) => name)).toEqual(["l1/kernel", "l4/kernel"]);
    expect(stays.map(({ name }) => name)).toContain("head/kernel");
    expect([update.length, personal.length]).toEqual([totalSize(travels), totalSize(stays)]);
    const after = from.map((value, index) => value + (update[index] as number));
    expect(await lossOf(session, after, personal)).toBeLessThan(await lossOf(session, after));
    const second = await session.train(after, { ...seed, round: 2 }, control, personal);
    expect(second.personal).not.toEqual(personal);
  });

  it("of another length is refused", async () => {
    const session = await open(planWith({ trainable }));
    await expect(session.train(start(trainable), seed, control, new Float32Array(3))).rejects.toMatchObject({ code: "wrong-shape" });
  });
});

describe("[B12] how fast each depth is trained", () => {
  const trainable = { part: "all" } as const;
  const changed = async (training: Partial<Plan["training"]>, round: number): Promise<readonly number[]> => {
    const session = await open(planWith({ trainable, amount: { unit: "updates", count: 3 }, ...training }));
    const { update } = await session.train(start(trainable), { ...seed, round }, control);
    let at = 0;
    const largest = new Map<number, number>();
    for (const spec of trainableTensors(base.manifest.tensors, trainable)) {
      const part = update.subarray(at, (at += totalSize([spec])));
      largest.set(spec.depth, Math.max(largest.get(spec.depth) ?? 0, ...part.map(Math.abs)));
    }
    return [0, 1, 2].map((depth) => largest.get(depth) as number);
  };

  it("is unfrozen block by block over the rounds", async () => {
    expect((await changed({ unfreezeEvery: 2 }, 2)).map((change) => change > 0)).toEqual([true, false, false]);
    expect((await changed({ unfreezeEvery: 2 }, 3)).map((change) => change > 0)).toEqual([true, true, false]);
    expect((await changed({ unfreezeEvery: 2 }, 5)).map((change) => change > 0)).toEqual([true, true, true]);
  });

  it("has a rate of its own, the last one holding for all below", async () => {
    // Adam moves each value by about its rate in each of the three steps.
    const [head, middle, first] = await changed({ depthRates: [1, 0.1] }, 1);
    expect((head as number) / (middle as number)).toBeGreaterThan(5);
    expect((first as number) / (middle as number)).toBeCloseTo(1, 0);
  });
});

it("[B13] balanced classes count alike, however rare one is", async () => {
  const few = [
    "id,image,sick",
    ...Array.from({ length: 40 }, (_, index) => `q${index},${index - (index % 2)}.png,${index % 10 === 0 ? 1 : 0}`),
    "",
  ];
  const rare = tableOf(few.join("\n"), { files: folder });
  // Pictures that say nothing: what is learnt is the share of the sick, or a half where both count alike.
  const learnt = async (training: Partial<Plan["training"]>): Promise<number> => {
    const session = await open(planWith({ trainable: { part: "head" }, amount: { unit: "updates", count: 60 }, ...training }), {
      table: rare,
    });
    const from = start({ part: "head" });
    const { update } = await session.train(from, seed, control);
    return update.at(-1) as number;
  };
  expect(await learnt({})).toBeLessThan((await learnt({ classWeights: "balanced" })) - 0.2);
});

describe("[B17] changed copies", () => {
  const augmentation = { of: "pictures", copies: 2, flip: true, rotate: 20, brightness: 0.3 } as const;
  const trainable = { part: "head" } as const;

  it("are trained on beside the originals, count for no patient, and are the same every time", async () => {
    const featureCache = { folder: join(folder, "copies"), key: new Uint8Array(32).fill(1) };
    const epochs = { amount: { unit: "epochs", count: 1 } } as const;
    const seen: number[] = [];
    const watched = { ...control, progress: ({ unit, done }: { unit: string; done: number }) => (unit === "files" ? seen.push(done) : 0) };
    const plain = await open(planWith({ trainable, ...epochs }));
    const copied = await openSession(
      { ...base, plan: planWith({ trainable, ...epochs, augmentation }), table, backends: ["cpu"], featureCache },
      watched,
    );
    expect(seen).toEqual([40, 40, 40]);
    const from = start(trainable);
    const [one, two] = [await plain.train(from, seed, control), await copied.train(from, seed, control)];
    expect(two.sampleCount).toBe(one.sampleCount);
    expect(two.update).not.toEqual(one.update);
    expect(await lossOf(copied, from)).toBe(await lossOf(plain, from));
    const again = await open(planWith({ trainable, ...epochs, augmentation }), { featureCache });
    expect((await again.train(from, seed, control)).update).toEqual(two.update);
    const other = await open(planWith({ trainable, ...epochs, augmentation, seed: 8 }), { featureCache });
    expect((await other.train(from, seed, control)).update).not.toEqual(two.update);
  });
});
