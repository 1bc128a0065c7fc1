/** Writes docs/results.md from what the benchmarks on hospitals printed with `--json`: `tsx tools/results.ts FILE...`, in the order of the files. */
import { readFile, writeFile } from "node:fs/promises";
import { goalText, type Report, type Row } from "../test/bench/report.ts";

const TITLES: Readonly<Record<string, string>> = {
  heart: "Heart disease, four hospitals of 1988: accuracy, mean of hospitals",
  tcga: "Breast cancer (TCGA-BRCA), six regions: concordance index, mean of regions",
  mri: "Brain MRI slices, four institutions: AUC, mean of institutions",
  "mri-few": "The same with three patients a site",
  ecg: "Heartbeats (MIT-BIH), five Holter recorders: macro-F1 over all hospitals",
};

const cell = (text: string): string => text.replaceAll("|", "/");

function tableOf(rows: readonly Row[]): readonly string[] {
  const lines = rows.map(
    ({ metric, ours, note, ...rest }) =>
      `| ${cell(metric)} | ${ours.toFixed(3)} | ${goalText({ metric, ours, note, ...rest })} | ${cell(note ?? "")} |`,
  );
  return ["| | | goal | |", "|---|---|---|---|", ...lines];
}

function sectionOf({ bench, rows, machine }: Report): readonly string[] {
  const cases = [...new Set(rows.map((row) => row.case))];
  const tables = cases.flatMap((name) => [`**${name}**`, "", ...tableOf(rows.filter((row) => row.case === name)), ""]);
  return [`## ${TITLES[bench] ?? bench}`, "", ...tables, `\`npm run bench -- ${bench} --json\`, on ${machine}.`, ""];
}

const INTRODUCTION = `# Results on real hospitals

Written by \`tools/results.ts\` from what the benchmarks print. Penalties, and whatever else a table names as chosen, are chosen on parts of the training patients, never on test
patients. "Alone" chooses its own in the same way. Published figures are FLamby's (Ogier du Terrail et al. 2022), means over its five seeds. Bytes are those of one site's masked vector without
its counts of predictions, or as the agents sent it where they ran.
`;

const reports = await Promise.all(
  process.argv.slice(2).map(async (file) => JSON.parse((await readFile(file, "utf8")).trim().split("\n").at(-1) ?? "") as Report),
);
const notes = await readFile(new URL("../docs/results-notes.md", import.meta.url), "utf8");
await writeFile(new URL("../docs/results.md", import.meta.url), [INTRODUCTION, ...reports.flatMap(sectionOf), notes.trim(), ""].join("\n"));
