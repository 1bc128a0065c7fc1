/** What `doctor` looks at on the coordinator's machine: Node, folder, secrets, the process, memory. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fromBase64url } from "@engraft/core/base/bytes";
import { identityFromSeed, type Identity } from "@engraft/core/crypto/identity";
import { ok, problem, warning, type Check, type Finding } from "@engraft/runtime/doctor";
import { diskFinding, memoryFinding, nodeFinding, secretFinding } from "@engraft/runtime/doctor-checks";
import { readIfThere } from "@engraft/runtime/files";
import { lockHolder } from "@engraft/runtime/lock";
import { coordinatorKeyPath, operatorTokenPath } from "../auth/secrets.ts";
import type { Looking } from "./looking.ts";

const MIB = 2 ** 20;
/** As `start` demands. */
const LEAST_FREE = 64 * MIB;
const WANTED_FREE = 5 * 1024 * MIB;

export function checksHere({ data }: Looking): readonly Check[] {
  return [
    { name: "node", title: "Node", look: async () => nodeFinding(process.version) },
    { name: "folder", title: "Folder", look: () => folderFinding(data) },
    { name: "disk", title: "Disk", needs: ["folder"], look: () => diskFinding(data, { least: LEAST_FREE, wanted: WANTED_FREE }) },
    { name: "memory", title: "Memory", look: async () => memoryFinding(process.availableMemory(), 0) },
    { name: "secrets", title: "Secrets", needs: ["folder"], look: () => secretFindings(data) },
    { name: "process", title: "Coordinator", needs: ["folder"], look: () => processFinding(data) },
  ];
}

async function folderFinding(data: string): Promise<Finding> {
  const found = await stat(data).catch(() => undefined);
  if (found?.isDirectory() !== true)
    return problem(
      "no-folder",
      `There is no folder ${data}.`,
      'Name the coordinator\'s folder with --data; the first "engraft-coordinator start" makes it.',
    );
  const used = (await readIfThere(coordinatorKeyPath(data))) !== undefined;
  return used
    ? ok(`${data} is a coordinator's`)
    : warning(
        "never-started",
        `No coordinator has ever been started in ${data}.`,
        'Start it with "engraft-coordinator start", or name another folder with --data.',
      );
}

async function secretFindings(data: string): Promise<readonly Finding[]> {
  const names = await readdir(join(data, "secrets")).catch(() => []);
  const files = [
    { path: operatorTokenPath(data), what: "the operator's token" },
    ...names.map((name) => ({ path: join(data, "secrets", name), what: name })),
  ];
  const found = await Promise.all(files.map(({ path, what }) => secretFinding(path, what)));
  const bad = found.filter(({ level }) => level !== "ok");
  if (bad.length > 0) return bad;
  if (names.length > 0 && (await identityOf(data)) === undefined)
    return [
      problem(
        "key-damaged",
        "secrets/coordinator.key is missing or holds no key.",
        "Restore it from a backup: sites pin this key, and under another one each must be enrolled anew.",
      ),
    ];
  return [ok("only their own account can read them")];
}

/** Undefined where there is no key that can be read. Makes none. */
export async function identityOf(data: string): Promise<Identity | undefined> {
  const text = await readIfThere(coordinatorKeyPath(data)).catch(() => undefined);
  const seed = text === undefined ? undefined : fromBase64url(text.trim());
  return seed?.length === 32 ? identityFromSeed(seed) : undefined;
}

async function processFinding(data: string): Promise<Finding> {
  const holder = await lockHolder(data);
  return holder === undefined
    ? warning("not-running", "No coordinator runs in this folder.", 'Start it with "engraft-coordinator start".')
    : ok(`runs as process ${holder.pid ?? "unknown"} on ${holder.host}`);
}
