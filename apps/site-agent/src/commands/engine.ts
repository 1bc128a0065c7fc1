/** `engine install` and `engine status`: what trains models on this machine. */
import { EngraftError } from "@engraft/core/base/errors";
import type { InstallProgress } from "@engraft/engine/native/install";
import { onStop } from "@engraft/runtime/exit";
import { enginesText } from "../terminal/engines.ts";
import type { AddCommand, CommandContext } from "./command.ts";

export const addEngine: AddCommand = (program, run) => {
  const engine = program.command("engine").description("What trains models on this machine");
  engine
    .command("status")
    .description("Try every engine by one real step, and say which work and why others do not")
    .action(
      run(async ({ print }) => {
        const { engineStatus } = await import("@engraft/engine/native/status");
        const report = await engineStatus();
        print({ ...report }, enginesText(report));
      }),
    );
  engine
    .command("install")
    .description("Install TensorFlow's native library, which is faster for large models; without it all works too")
    .option("--from <path>", "a wheel of tensorflow-cpu 2.15.1, or a folder that holds an unpacked one, where downloads are blocked")
    .option("--sha256 <hex>", "what --from must hold, where it is none of the wheels that Engraft knows")
    .action(run((context, flags: { from?: string; sha256?: string }) => install(context, flags)));
};

async function install({ json, print }: CommandContext, { from, sha256 }: { from?: string; sha256?: string }): Promise<void> {
  if (sha256 !== undefined && !/^[0-9a-fA-F]{64}$/.test(sha256))
    throw new EngraftError("bad-input", "--sha256 takes 64 hexadecimal digits.");
  const stop = new AbortController();
  const { installNative } = await import("@engraft/engine/native/install");
  const installing = installNative({ from, sha256, progress: shown(json), signal: stop.signal });
  // The half-made folder is removed before the process ends.
  onStop(async () => {
    stop.abort(new EngraftError("conflict", "The installation was stopped; nothing was installed."));
    await installing;
  });
  const installed = await installing;
  print(
    { ...installed },
    `Installed in ${installed.folder}; it has done a real training step (${installed.engine}). Agents use it from their next start.`,
  );
}

const WORDS: Readonly<Record<InstallProgress["step"], string>> = {
  download: "Downloading with tfjs-node's own installer",
  unpack: "Unpacking",
  compile: "Compiling the addon",
  try: "Trying one training step",
};

/** Lines on stderr; on a terminal the percentage is rewritten in place. */
function shown(json: boolean): (progress: InstallProgress) => void {
  const live = !json && process.stderr.isTTY;
  let last = "";
  return ({ step, done, total }) => {
    const percent = done === null || total === null || total === 0 ? "" : ` ${Math.floor((100 * done) / total)} %`;
    const line = live ? `${WORDS[step]}${percent}` : WORDS[step];
    if (line === last) return;
    process.stderr.write(
      live && last.startsWith(WORDS[step]) ? `\r${line}` : live && last !== "" ? `\n${line}` : live ? line : `${line} ...\n`,
    );
    if (live && step === "try") process.stderr.write("\n");
    last = line;
  };
}
