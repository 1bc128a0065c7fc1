/**
 * The demo: one coordinator, the dashboard and four hospitals as separate processes on this machine. They fine-tune a model
 * that was trained at one of them, on the real heart-disease tables of 1988 (examples/heart-disease); or, with --example mri, put
 * a new head on a network of photographs for slices of brain MRI (examples/brain-mri); or, with --example ecg, five train a model of
 * heartbeats further (examples/ecg).
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import { onStop, runMain } from "@engraft/runtime/exit";
import { freeBytes } from "@engraft/runtime/files";
import { Command } from "commander";
import { mustBeFree } from "../../tools/federation/ports.ts";
import { killAll } from "../../tools/federation/program.ts";
import { mriExample } from "../brain-mri/example.ts";
import { ecgExample } from "../ecg/example.ts";
import { heartExample } from "../heart-disease/example.ts";
import type { Example } from "./example.ts";
import { runDemo } from "./run.ts";
import { openScreen } from "./screen.ts";
import { comparisonTable } from "./table.ts";

const NEEDED_BYTES = 500_000_000;

const program = new Command("npm run demo --")
  .description("Four hospitals fine-tune a model on this machine, under secure aggregation.")
  .option(
    "--example <name>",
    "heart: tables of heart disease; mri: brain MRI slices (examples/brain-mri); ecg: heartbeats (examples/ecg)",
    "heart",
  )
  .option("--data <folder>", "of the mri and ecg examples")
  .option("--once", "end after the run instead of serving the dashboard until Ctrl-C", false)
  .option("--json", "print one JSON object on stdout and nothing else there", false)
  .option("--port <port>", "port of the coordinator", "7300")
  .option("--rounds <count>", "rounds instead of the plan's own");

async function main(): Promise<void> {
  const options = program.parse().opts<{ once: boolean; json: boolean; port: string; rounds?: string; example: string; data?: string }>();
  const port = await mustBeFree(wholeNumber("port", options.port, 1, 65_535));
  const rounds = options.rounds === undefined ? undefined : wholeNumber("rounds", options.rounds, 1, 10_000);
  const example = await exampleOf(options.example, options.data);
  await mustHaveSpace(tmpdir());
  const dir = await mkdtemp(join(tmpdir(), "engraft-demo-"));
  const screen = openScreen({ bars: process.stderr.isTTY === true && !options.json });
  onStop(async () => {
    screen.close();
    process.stderr.write("\nStopping every process ...\n");
    await killAll();
    await rm(dir, { recursive: true, force: true });
    process.stderr.write("Stopped. The demo's folder is removed.\n");
  });
  try {
    const { result, login, url } = await runDemo({ dir, port, rounds, screen, example });
    screen.close();
    if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    else process.stdout.write(comparisonTable(result, { url, ...login }));
    if (options.once) return;
    process.stderr.write("Serving until Ctrl-C.\n");
    await new Promise(() => undefined);
  } finally {
    screen.close();
    await killAll();
  }
}

function exampleOf(name: string, data: string | undefined): Promise<Example> {
  if (name === "heart") return heartExample();
  if (name === "mri") return mriExample(data);
  if (name === "ecg") return ecgExample(data);
  throw new EngraftError("bad-input", "--example is one of heart, mri, ecg.");
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max)
    throw new EngraftError("bad-input", `--${name} takes a whole number from ${min} to ${max}.`);
  return value;
}

async function mustHaveSpace(dir: string): Promise<void> {
  if ((await freeBytes(dir)) < NEEDED_BYTES)
    throw new EngraftError(
      "disk-full",
      `The demo needs ${NEEDED_BYTES / 1e6} MB in ${dir}. Free some space, or set TMPDIR to another folder.`,
    );
}

await runMain(main);
