/** The texts of a release, by name. */
import { billOfMaterials } from "./bill-of-materials.ts";
import type { DescribedRelease } from "./described.ts";
import { metricsCsv } from "./metrics-csv.ts";
import { modelCard } from "./model-card.ts";
import { reproduceGuide } from "./reproduce.ts";
import { utf8 } from "@engraft/core/base/bytes";

/** They name the other files with their digests, so they are written last. */
export const releaseTexts = (release: DescribedRelease): ReadonlyMap<string, Uint8Array> =>
  new Map(
    Object.entries({
      "MODEL_CARD.md": modelCard(release),
      "metrics.csv": metricsCsv(release),
      "bom.json": `${JSON.stringify(billOfMaterials(release), null, 2)}\n`,
      "REPRODUCE.md": reproduceGuide(release),
    }).map(([name, text]) => [name, utf8(text)]),
  );
