/** The site's standing policy: one file, written by its steward, read at every ask. */
import { join } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import { OPEN_POLICY, SignedPolicy, type Policy } from "../rules/limits.ts";
import { readJson, writeJson } from "./json-file.ts";

const path = (home: string): string => join(home, "policy.json");

/** Undefined where none was set. A damaged file is an error: a site whose people wanted limits must not run without them. */
export const findPolicy = (home: string): Promise<SignedPolicy | undefined> => readJson(path(home), SignedPolicy);

export const policyOf = async (home: string): Promise<Policy> => (await findPolicy(home))?.policy ?? OPEN_POLICY;

/** The running agent enters it in the audit log. Throws `bad-input`. */
export async function savePolicy(home: string, wanted: Omit<SignedPolicy, "format">): Promise<SignedPolicy> {
  const parsed = SignedPolicy.safeParse({ format: "engraft.policy/1", ...wanted, steward: wanted.steward.trim() });
  if (!parsed.success)
    throw new EngraftError(
      "bad-input",
      `The policy cannot be kept: ${parsed.error.issues.map(({ path, message }) => `${path.slice(1).join(".")}: ${message}`).join("; ")}.`,
    );
  await writeJson(path(home), parsed.data);
  return parsed.data;
}
