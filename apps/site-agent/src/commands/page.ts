/** `page`: the steward's page, on this machine alone. A second call, while one is served, prints another link to it. */
import { join } from "node:path";
import * as z from "zod";
import { EngraftError } from "@engraft/core/base/errors";
import { removeIfThere } from "@engraft/runtime/files";
import { onStop } from "@engraft/runtime/exit";
import { takeLock } from "@engraft/runtime/lock";
import { makeLink } from "../page/access.ts";
import { LOOPBACK, requireLoopback } from "../page/loopback.ts";
import { requireMembership } from "../vault/federation.ts";
import { readJson, writeJson } from "../vault/json-file.ts";
import type { AddCommand, CommandContext } from "./command.ts";

const ServedFile = z.strictObject({ format: z.literal("engraft.page-served/1"), url: z.string() });
const servedPath = (home: string): string => join(home, "page", "served.json");

/** Registered with nobody and used by nothing that we know of. */
const PORT = "4790";

interface PageFlags {
  readonly port: string;
  readonly address?: string;
  readonly link: boolean;
}

export const addPage: AddCommand = (program, run) => {
  program
    .command("page")
    .description("Serve the steward's page to this machine alone, and print a one-time link to it; also while the agent runs")
    .option("--port <port>", "where it listens", PORT)
    .option("--address <address>", "127.0.0.1 or ::1 only; both without it")
    .option("--no-link", "print no link: for a service, beside which a second call prints links")
    .action(run((context, flags: PageFlags) => pageCommand(context, flags)));
};

async function pageCommand(context: CommandContext, { port, address, link }: PageFlags): Promise<void> {
  const { home } = context.config;
  const membership = await requireMembership(home);
  const addresses = address === undefined ? LOOPBACK : [requireLoopback(address)];
  const number = Number(port);
  if (!Number.isInteger(number) || number < 0 || number > 65_535) throw new EngraftError("bad-input", "--port needs a number up to 65535.");
  const lock = await takeLock(join(home, "page"), "site page").catch((error: unknown) => {
    if (error instanceof EngraftError && error.code === "locked") return undefined;
    throw error;
  });
  if (lock === undefined) return sayLink(context, (await readJson(servedPath(home), ServedFile))?.url);
  // Loaded late: no other command needs a server.
  const { servePage } = await import("../page/server.ts");
  const page = await servePage({ home, membership, port: number, addresses, now: context.now }).catch(async (error: unknown) => {
    await lock.release();
    throw error;
  });
  await writeJson(servedPath(home), { format: "engraft.page-served/1", url: page.url });
  if (link) await sayLink(context, page.url);
  else context.print({ event: "page", port: page.port }, 'The site page is served. "engraft-site page" prints a link to it.');
  await new Promise<void>((resolve) => {
    onStop(async () => {
      await page.close();
      await removeIfThere(servedPath(home));
      await lock.release();
      resolve();
    });
  });
}

/** On stdout alone: a link is a key, and no log is to hold it. */
async function sayLink({ config, print, now }: CommandContext, url: string | undefined): Promise<void> {
  if (url === undefined) throw new EngraftError("locked", "The page is being started by another process. Try again in a moment.");
  const link = `${url}/open/${await makeLink(config.home, now())}`;
  print({ event: "page", link }, `Open this link on this machine. It works once, for 15 minutes:\n  ${link}`);
}
