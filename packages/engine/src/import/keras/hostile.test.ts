/** Files that hostile people made: mutated at random from Keras's and TensorFlow.js's own. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EngraftError } from "@engraft/core/base/errors";
import { unzipSync, zipSync } from "fflate";
import { afterAll, describe, expect, it } from "vitest";
import { numbers } from "../../../../core/src/base/numbers.fixture.ts";
import { mutateBytes, mutateJsonText, pick, type Numbers } from "../../../../../test/support/mutate.ts";
import { vector } from "./converted.fixture.ts";
import { Hdf5Reader } from "./hdf5.ts";
import { readKerasWith } from "./keras-file.ts";
import { readTfjs } from "./tfjs-file.ts";

const SEED = Number(process.env["ENGRAFT_SEED"]);
const originals = ["picture", "residual", "signal", "transfer", "rows"].map((name) => unzipSync(vector(`${name}.keras`)));
const text = new TextDecoder();
const tfjs = fileURLToPath(new URL("../../../../../test/vectors/tfjs-model", import.meta.url));

/** One file broken inside, or the archive broken around whole files. */
function mutated(random: Numbers): Uint8Array {
  const files = pick(random, originals);
  const config = files["config.json"] as Uint8Array;
  const weights = files["model.weights.h5"] as Uint8Array;
  const dice = random();
  if (dice < 0.4)
    return zipSync(
      { ...files, "config.json": new TextEncoder().encode(mutateJsonText(random, JSON.parse(text.decode(config)))) },
      { level: 0 },
    );
  if (dice < 0.8) return zipSync({ ...files, "model.weights.h5": mutateBytes(random, weights) }, { level: 0 });
  return mutateBytes(random, zipSync(files, { level: random() < 0.5 ? 0 : 6 }));
}

/** Counts files that were read and files that were refused; anything else is a failure that names the case. */
async function expectAnswers(cases: number, read: (random: Numbers) => Promise<unknown>): Promise<void> {
  const seen = { taken: 0, refused: 0 };
  for (let index = 0; index < cases; index++) {
    const error = await read(numbers(SEED + index)).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error === undefined) seen.taken++;
    else if (error instanceof EngraftError && error.code === "bad-input" && error.message.length < 1000) seen.refused++;
    else throw new Error(`Case ${index} of seed ${SEED} was answered with no refusal`, { cause: error });
  }
  expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(cases / 50);
}

describe("[B16] mutated files are read or refused", () => {
  // The library loops for ever over one in four hundred of them.
  const reader = new Hdf5Reader(1000);
  const folder = mkdtempSync(join(tmpdir(), "engraft-hostile-"));
  afterAll(async () => {
    await reader.close();
    rmSync(folder, { recursive: true });
  });

  // About one in a thousand of them spoils the memory of the library, which must not outlive the file.
  it("of Keras, 4000 times, and a whole file after them still", { timeout: 240_000 }, async () => {
    let asked = 0;
    await expectAnswers(4000, async (random) => {
      if (++asked % 50 === 0)
        await readKerasWith(reader, vector("rows.keras"), undefined).catch((cause: unknown) => {
          throw new Error("A whole file was refused", { cause });
        });
      return readKerasWith(reader, mutated(random), undefined);
    });
  });

  it("of TensorFlow.js, 1000 times", { timeout: 120_000 }, async () => {
    cpSync(tfjs, folder, { recursive: true });
    const model: unknown = JSON.parse(readFileSync(join(folder, "model.json"), "utf8"));
    await expectAnswers(1000, (random) =>
      readTfjs(join(folder, "model.json"), new TextEncoder().encode(mutateJsonText(random, model)), undefined),
    );
  });
});
