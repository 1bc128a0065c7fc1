/**
 * What a personal token may be used for, in one table: each procedure and each route stands under one scope. What is in no list a
 * token cannot reach, whoever owns it; and it never reaches more than its owner may (procedures.ts).
 */
import * as z from "zod";

export const Scope = z.enum(["read:runs", "read:models", "admin"]);
export type Scope = z.infer<typeof Scope>;

/** Of `reaches`: who needs no scope, and who cannot be reached with a token at all. */
type Group = Scope | "any token" | "no token";

interface Reached {
  readonly procedures: readonly string[];
  /** HTTP routes beside the API, as in server.ts. */
  readonly routes: readonly string[];
}

export const REACHES: Readonly<Record<Group, Reached>> = {
  "any token": { procedures: ["setup.state", "setup.createAdmin", "me"], routes: [] },
  "read:runs": {
    procedures: ["home", "sites.list", "bases.list", "plans.list", "plans.get", "runs.list", "runs.get", "runs.record", "live"],
    routes: ["/records"],
  },
  "read:models": { procedures: ["releases.list"], routes: ["/releases"] },
  admin: {
    procedures: [
      "sites.invites",
      "sites.invite",
      "sites.revokeInvite",
      "bases.register",
      "plans.propose",
      "plans.withdraw",
      "runs.start",
      "runs.stop",
      "runs.moveDeadline",
      "runs.closeNow",
      "runs.leaveOut",
      "runs.letIn",
      "runs.pause",
      "runs.resume",
      "releases.make",
      "releases.withdraw",
      "users.list",
      "audit.list",
      "blobs.usage",
      "blobs.collect",
      "doctor.inside",
    ],
    routes: ["/blobs", "/audit"],
  },
  // What would outlive the token, or let it make itself anew.
  "no token": { procedures: ["users.create", "tokens.create", "tokens.list", "tokens.revoke"], routes: ["/backup"] },
};

const groupOf = (kind: keyof Reached, name: string): Group =>
  Object.keys(REACHES).find((group): group is Group => REACHES[group as Group][kind].includes(name)) ?? "no token";

/** Why a token with these scopes may not; undefined where it may. `admin` includes the others. */
export function scopeMissing(scopes: readonly Scope[], kind: keyof Reached, name: string): string | undefined {
  const group = groupOf(kind, name);
  if (group === "any token") return undefined;
  if (group === "no token") return "No token may do this. Sign in to the dashboard, or use the command line on the coordinator's machine.";
  if (scopes.includes(group) || scopes.includes("admin")) return undefined;
  return `This token has the scope ${scopes.join(", ")}; this needs ${group}. Make a token with that scope under "Your tokens".`;
}
