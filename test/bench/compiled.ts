/** Measured code runs as it does in the product: compiled, without a loader in its process. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Compiles what the tsconfig.json in `folder` names. */
export async function compileIn(folder: URL): Promise<void> {
  const tsc = fileURLToPath(import.meta.resolve("typescript/bin/tsc"));
  await promisify(execFile)(process.execPath, [tsc, "-p", fileURLToPath(folder)]);
}
