/** `npm run example:base`: trains the base and writes base/manifest.json, base/weights.safetensors and plan.json. */
import { mkdirSync, writeFileSync } from "node:fs";
import { buildBase } from "./base-model.ts";
import { demoPlan, manifestText } from "./demo-plan.ts";
import { exampleFile, siteTable } from "./files.ts";

const { manifest, weights } = await buildBase(siteTable("cleveland"));
mkdirSync(exampleFile("base"), { recursive: true });
writeFileSync(exampleFile("base/manifest.json"), manifestText(manifest));
writeFileSync(exampleFile("base/weights.safetensors"), weights);
writeFileSync(exampleFile("plan.json"), `${JSON.stringify(demoPlan(manifest), null, 2)}\n`);
process.stderr.write(`Wrote base/manifest.json, base/weights.safetensors (${manifest.weights.digest}) and plan.json.\n`);
