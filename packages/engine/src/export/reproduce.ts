/** `REPRODUCE.md`: what can be done again from a release, by whom, and what must come out. */
import { contributors, finishedRounds, type DescribedRelease } from "./described.ts";
import { code, day, escaped, table } from "./markdown.ts";

export function reproduceGuide(release: DescribedRelease): string {
  return `${[check(release), again(release), rounds(release)].join("\n\n")}\n`;
}

function check({ name, version, files }: DescribedRelease): string {
  const sums = files.map(({ name: file, sha256 }) => `${sha256}  ${file}`);
  return [
    `# ${escaped(name)} ${escaped(version)}, done again`,
    "## The files are those of the release",
    "In this folder:",
    ["```sh", "sha256sum --check <<'SUMS'", ...sums, "SUMS", "```"].join("\n"),
  ].join("\n\n");
}

function again({ plan, planDigest, base, view }: DescribedRelease): string {
  const { seed } = plan.training;
  return [
    "## The training",
    [
      `1. Take the base ${code(`${base.manifest.name} ${base.manifest.version}`)}: manifest ${code(base.digest)}, weights ${code(base.manifest.weights.digest)}.`,
      `2. Propose ${code("plan.json")} as it is. Its digest must be ${code(planDigest)}: it holds the seed (${seed}), the split of the patients, and everything else that training depends on but the records.`,
      `3. The sites of the run (${view.sites.map(code).join(", ")}) approve it and declare the same tables; then start a run.`,
    ].join("\n"),
    "Only these sites can do so: their records have never left them. A site that trains a round again from the same checkpoint with the same engine, under the same run's name, gets the same update to the bit. Another engine or processor differs in the last digits, and under another run's name the batches are drawn anew: then the model is another one, trained in the same way, and its figures differ as chance has it.",
  ].join("\n\n");
}

function rounds(release: DescribedRelease): string {
  const { view } = release;
  const rows = finishedRounds(release).map(({ round, sum, closed, checkpoint, answers }) => {
    const sites = sum?.sites ?? closed?.survivors ?? [];
    const engines = [...new Set(answers.filter(({ site }) => sites.includes(site)).map(({ engine }) => engine))];
    return [String(round), sites.map(code).join(", "), engines.map(code).join(", "), code(checkpoint?.digest ?? "")];
  });
  return [
    "## What came out of each round",
    `The run ${code(view.run)} began on ${day(view.createdAt)}; ${contributors(release).length} of its ${view.sites.length} sites are in the model.`,
    table(["round", "sites in the sum", "engines", "checkpoint, SHA-256"], rows),
  ].join("\n\n");
}
