/** A plan as a steward reads it in a terminal. */
import { styleText } from "node:util";
import type { Review } from "../commands/review.ts";
import { reportSummary } from "./data-report.ts";
import { trialLine } from "./engines.ts";

const TOPIC = 17;

/** Colours only where a terminal shows them; every colour stands beside a word that says the same. */
const paint = (format: Parameters<typeof styleText>[0], text: string): string =>
  process.stdout.isTTY === true ? styleText(format, text) : text;

export function reviewText(review: Review): string {
  const { digest, words, name, version, standing, lines, changes, data, training } = review;
  return [
    paint("bold", `Plan ${name} ${version}`) + (standing === "waiting" ? "  waits for this site's decision" : `  ${standing}`),
    `${"Digest".padEnd(TOPIC)}${digest}`,
    `${"In words".padEnd(TOPIC)}${words.join(" ")}`,
    ...lines.map(({ topic, words: text, warn }) => {
      const line = `${topic.padEnd(TOPIC)}${text}`;
      return warn === true ? paint("red", `${topic.padEnd(TOPIC)}WARNING: ${text}`) : line;
    }),
    ...changeLines(changes),
    ...directoryLines(review),
    `${"Data here".padEnd(TOPIC)}${dataLine(data)}`,
    ...trainingLines(training),
    ...(standing === "waiting"
      ? [
          "",
          ...(training?.can === false ? [] : [`Decide with: engraft-site approve ${digest.slice(0, 12)} --steward "NAME"`]),
          `${training?.can === false ? "Decide with" : "         or"}: engraft-site refuse ${digest.slice(0, 12)} --steward "NAME" --reason "TEXT"`,
        ]
      : []),
    "",
  ].join("\n");
}

function trainingLines(training: Review["training"]): readonly string[] {
  if (training === null) return [];
  const line = `${"Training here".padEnd(TOPIC)}${trialLine(training)}`;
  return [training.can && !training.late ? line : paint("red", line)];
}

function directoryLines({ directory, digest }: Review): readonly string[] {
  if (directory === null) return [];
  const label = "Directory".padEnd(TOPIC);
  if ("problem" in directory) return [paint("red", `${label}WARNING: ${directory.problem}`)];
  return directory.compared
    ? [`${label}Compared with the other stewards.`]
    : [paint("yellow", `${label}NOT COMPARED. Before approving: engraft-site directory ${digest.slice(0, 12)}`)];
}

function changeLines(changes: Review["changes"]): readonly string[] {
  const label = "Changed".padEnd(TOPIC);
  if (changes === null) return [`${label}No plan of this name was approved here before.`];
  if (changes.list.length === 0) return [`${label}Nothing but its digest since version ${changes.since}.`];
  return changes.list.map(({ kind, path, before, after }, index) => {
    const text =
      kind === "added"
        ? paint("green", `+ ${path}: ${after}`)
        : kind === "removed"
          ? paint("red", `- ${path}: ${before}`)
          : paint("yellow", `± ${path}: ${before} -> ${after}`);
    return `${(index === 0 ? `Since version ${changes.since}` : "").padEnd(TOPIC)}${text}`;
  });
}

function dataLine(data: Review["data"]): string {
  if (data === null)
    return 'No table is chosen. Register one with "engraft-site data add"; where several are, name it with "approve --data".';
  return `${data.name}: ${data.report === null ? `cannot be read. ${data.problem ?? ""}` : reportSummary(data.report)}`;
}
