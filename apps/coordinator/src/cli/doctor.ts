/** `engraft-coordinator doctor`: looks at everything that the coordinator needs; changes nothing, starts nothing. */
import { once, runDoctor, type Check } from "@engraft/runtime/doctor";
import type { Config } from "../config.ts";
import { checksOfDatabase } from "../doctor/database.ts";
import { checksHere } from "../doctor/here.ts";
import { lookingFor } from "../doctor/looking.ts";
import { checksOfReach, localAnswer } from "../doctor/reach.ts";

/** Returns the exit code. */
export function doctor(config: Config, flags: { readonly json: boolean; readonly allBlobs: boolean }): Promise<number> {
  const looking = lookingFor(config, flags.allBlobs);
  const local = once(() => localAnswer(looking));
  const checks: readonly Check[] = [...checksHere(looking), ...checksOfReach(looking, local), ...checksOfDatabase(looking, local)];
  return runDoctor(checks, flags.json);
}
