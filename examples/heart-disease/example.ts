/** The demo's first example: coronary disease, four hospitals' tables. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Example } from "../demo/example.ts";
import { exampleFile, siteDeclarations } from "./files.ts";

export async function heartExample(): Promise<Example> {
  const sites = (await siteDeclarations()).map((declared) => ({ ...declared, file: exampleFile(declared.file) }));
  return {
    title: "Four hospitals fine-tune a model of coronary disease",
    sites,
    leaves: { site: "va", round: 2 },
    importBase: async (federation) => void (await federation.coordinatorCommandOk("base", "import", exampleFile("base"))),
    planFile: async ({ dir }, rounds) => {
      const path = exampleFile("plan.json");
      if (rounds === undefined) return path;
      const plan = JSON.parse(await readFile(path, "utf8")) as { rounds: { count: number } };
      const changed = join(dir, "plan.json");
      await writeFile(changed, JSON.stringify({ ...plan, rounds: { ...plan.rounds, count: rounds } }));
      return changed;
    },
  };
}
