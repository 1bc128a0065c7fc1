/**
 * `engraft-coordinator restore`: for whoever has put the coordinator's data back from a backup. Sites may know of sums that
 * this copy does not, and refuse to go on; secure runs that were under way end by name (design of secure aggregation, 4.6).
 */
import { openLog } from "@engraft/runtime/log";
import type { Config } from "../config.ts";
import type { Said } from "./commands.ts";
import { open } from "./start.ts";

export async function restore(config: Config): Promise<Said> {
  const app = await open({ ...config, publicUrl: config.publicUrl ?? "http://127.0.0.1" }, 0, openLog("coordinator", config.logLevel));
  try {
    const ended = await app.runs.restored();
    return {
      json: { ended },
      lines:
        ended.length === 0
          ? ["No secure run was under way: start the coordinator."]
          : [
              ...ended.map((run) => `${run} is ended: its sites may know of sums that this copy does not.`),
              "Start the coordinator, and new runs.",
            ],
    };
  } finally {
    await app.close();
  }
}
