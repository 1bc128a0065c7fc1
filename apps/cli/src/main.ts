/** `engraft`: what somebody does with what came out of a federation, on a machine that takes no part in one. */
import { readFileSync } from "node:fs";
import { runCommands } from "@engraft/runtime/commands";
import { Command } from "commander";
import * as z from "zod";
import { verifyLog } from "./audit.ts";
import { showSummary } from "./summary.ts";
import { verify } from "./verify.ts";

const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")));

function program(setExit: (code: number) => void): Command {
  const root = new Command("engraft").description("Looks at what came out of a federation").version(version).exitOverride();
  root
    .command("verify <file>")
    .description("whether a release is what it says it is; offline. FILE is a bundle.zip, or a folder with the release's files")
    .option("--key <key>", "the coordinator's public key, told to you by its operator")
    .option("--sites <file>", 'keys that sites told you themselves, as JSON: {"site": "key"}')
    .option("--json", "one JSON object on stdout")
    .action(async (file: string, flags: { readonly key?: string; readonly sites?: string; readonly json?: boolean }) => {
      setExit(await verify(file, flags));
    });
  root
    .command("audit")
    .description("audit logs")
    .command("verify <file>")
    .description("whether an exported log is as it was written; names the first entry that is not")
    .option("--key <key>", "public key of whose log it is, told to you by them")
    .option("--json", "one JSON object on stdout")
    .action(async (file: string, flags: { readonly key?: string; readonly json?: boolean }) => {
      setExit(await verifyLog(file, flags));
    });
  root
    .command("summary <file>")
    .description("shows a summary of a federation's data, where the coordinator has signed it; offline")
    .requiredOption("--key <key>", "the coordinator's public key, told to you by its operator")
    .option("--json", "one JSON object on stdout")
    .action((file: string, flags: { readonly key: string; readonly json?: boolean }) => showSummary(file, flags));
  return root;
}

await runCommands(program);
