/** `doctor`: looks at everything that this site needs, and says for each thing that is wrong what to do next. */
import { EngraftError } from "@engraft/core/base/errors";
import { runDoctor } from "@engraft/runtime/doctor";
import { checksOf } from "../doctor/checks.ts";
import { requireMembership } from "../vault/federation.ts";
import { allowDoctor, doctorAllowedSince, forbidDoctor } from "../vault/remote-doctor.ts";
import type { AddCommand, CommandContext } from "./command.ts";

interface Flags {
  readonly invite?: string;
  readonly allowRemote?: string;
}

export const addDoctor: AddCommand = (program, run) => {
  program
    .command("doctor")
    .description("Look for what is wrong, here and on the way to the coordinator; changes nothing, trains nothing")
    .option("--ca <file>", "trust this certificate authority too (PEM)")
    .option("--invite <line>", "before joining: look at the way to the coordinator that this invite names")
    .option(
      "--allow-remote <on|off>",
      "whether the federation's admins may ask for such a look; they get codes, no text and no path. Off at first",
    )
    .action(
      run((context, { invite, allowRemote }: Flags) =>
        allowRemote === undefined
          ? runDoctor(checksOf({ home: context.config.home, ca: context.config.ca, invite, now: context.now }), context.json)
          : setAllowed(context, allowRemote),
      ),
    );
};

async function setAllowed({ config: { home }, print, now }: CommandContext, wanted: string): Promise<void> {
  if (wanted !== "on" && wanted !== "off") throw new EngraftError("bad-input", 'Say "--allow-remote on" or "--allow-remote off".');
  await requireMembership(home);
  if (wanted === "off") await forbidDoctor(home);
  else if ((await doctorAllowedSince(home)) === undefined) await allowDoctor(home, now());
  print(
    { remoteDoctor: wanted === "on" },
    wanted === "on"
      ? "The federation's admins may ask this site to look at itself. They get the names of checks and fixed codes: no text, no path, no value. Each look stands in the audit log here."
      : "The federation's admins may not ask this site to look at itself. Where they do, nothing is looked at.",
  );
}
