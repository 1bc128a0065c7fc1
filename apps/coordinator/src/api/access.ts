/**
 * Who may do what: every procedure and every HTTP route, in one table, with the least role that reaches it and the scope that a
 * personal token needs. What is not in it nobody reaches. The API, the web server, tokens and the dashboard (by `me`) go by it;
 * README.md prints it.
 */
import * as z from "zod";

/** Each may what those before it may. */
export const ROLES = ["viewer", "researcher", "admin"] as const;
export const Role = z.enum(ROLES);
export type Role = z.infer<typeof Role>;
export const isRole = (text: unknown): text is Role => Role.safeParse(text).success;

export const Scope = z.enum(["read:runs", "read:models", "admin"]);
export type Scope = z.infer<typeof Scope>;

/** `site`: holds the key of an enrolled site. `operator`: holds the token in the coordinator's own folder, so reads that folder. */
export type Least = "anybody" | Role | "operator" | "site";
/** `admin` includes the other scopes; `any` needs none, `none` is reached by no token. */
export type TokenNeed = Scope | "any" | "none";

type Access = readonly [least: Least, token: TokenNeed];

export const ACCESS: Readonly<Record<string, Access>> = {
  "setup.state": ["anybody", "any"],
  "setup.createAdmin": ["anybody", "any"],
  "share.view": ["anybody", "any"],
  me: ["viewer", "any"],
  home: ["viewer", "read:runs"],
  live: ["viewer", "read:runs"],
  "sites.list": ["viewer", "read:runs"],
  "sites.former": ["viewer", "read:runs"],
  "sites.get": ["viewer", "read:runs"],
  "sites.askDoctor": ["admin", "admin"],
  "sites.remove": ["admin", "admin"],
  "sites.invites": ["admin", "admin"],
  "sites.invite": ["admin", "admin"],
  "sites.revokeInvite": ["admin", "admin"],
  "bases.list": ["viewer", "read:runs"],
  "bases.register": ["admin", "admin"],
  "plans.list": ["viewer", "read:runs"],
  "plans.get": ["viewer", "read:runs"],
  "plans.past": ["viewer", "read:runs"],
  "plans.propose": ["admin", "admin"],
  "plans.withdraw": ["admin", "admin"],
  "runs.list": ["viewer", "read:runs"],
  "runs.get": ["viewer", "read:runs"],
  "runs.curves": ["viewer", "read:runs"],
  "runs.settings": ["viewer", "read:runs"],
  "runs.timings": ["viewer", "read:runs"],
  "runs.summary": ["viewer", "read:runs"],
  "runs.record": ["viewer", "read:runs"],
  "runs.start": ["admin", "admin"],
  "runs.stop": ["admin", "admin"],
  "runs.moveDeadline": ["admin", "admin"],
  "runs.closeNow": ["admin", "admin"],
  "runs.leaveOut": ["admin", "admin"],
  "runs.letIn": ["admin", "admin"],
  "runs.pause": ["admin", "admin"],
  "runs.resume": ["admin", "admin"],
  "releases.list": ["viewer", "read:models"],
  "releases.checkpoints": ["viewer", "read:models"],
  "releases.make": ["admin", "admin"],
  "releases.withdraw": ["admin", "admin"],
  // What would outlive a token, or let it make itself anew, is reached by none.
  "share.list": ["admin", "none"],
  "share.create": ["admin", "none"],
  "share.revoke": ["admin", "none"],
  "users.list": ["admin", "admin"],
  "users.create": ["admin", "none"],
  "users.setRole": ["admin", "none"],
  "users.disable": ["admin", "none"],
  "users.signOut": ["admin", "none"],
  "users.resetSecondFactor": ["admin", "none"],
  "sessions.list": ["viewer", "none"],
  "sessions.endAll": ["viewer", "none"],
  "sessions.changePassword": ["viewer", "none"],
  "tokens.list": ["researcher", "none"],
  "tokens.create": ["researcher", "none"],
  "tokens.revoke": ["researcher", "none"],
  "alerts.get": ["admin", "admin"],
  "alerts.save": ["admin", "none"],
  "alerts.remove": ["admin", "none"],
  "alerts.test": ["admin", "none"],
  "alerts.mine": ["viewer", "none"],
  "alerts.setMine": ["viewer", "none"],
  "audit.list": ["admin", "admin"],
  "blobs.usage": ["admin", "admin"],
  "blobs.collect": ["admin", "admin"],
  "doctor.inside": ["admin", "admin"],
  // For probes and monitoring: no names of sites or people in them.
  "GET /health": ["anybody", "any"],
  "GET /metrics": ["anybody", "any"],
  "GET /probe": ["anybody", "any"],
  "POST /enrol": ["anybody", "any"],
  "POST /rotate": ["anybody", "any"],
  "POST /leave": ["anybody", "any"],
  "POST /api/auth/sign-in/email": ["anybody", "any"],
  "POST /api/auth/sign-out": ["anybody", "any"],
  // The second step of signing in; or, for who is signed in, the first code of a new app.
  "POST /api/auth/two-factor/verify-totp": ["anybody", "any"],
  "POST /api/auth/two-factor/verify-backup-code": ["anybody", "any"],
  "POST /api/auth/two-factor/enable": ["viewer", "none"],
  "POST /api/auth/two-factor/disable": ["viewer", "none"],
  "GET /api/auth/get-session": ["anybody", "any"],
  "GET /api/auth/ok": ["anybody", "any"],
  "PUT /blobs/<sha256>": ["admin", "admin"],
  "GET /releases/<id>/<file>": ["researcher", "read:models"],
  "GET /records/<run>/<round>/<file>": ["researcher", "read:runs"],
  "GET /audit/export": ["admin", "admin"],
  "GET /backup": ["operator", "none"],
  "WS /agent": ["site", "none"],
};

const WHO: Readonly<Record<"viewer" | "researcher" | "admin" | "operator" | "site", string>> = {
  viewer: "Sign in first.",
  researcher: "Only a researcher or an admin may do this. A viewer sees runs and figures and downloads nothing.",
  admin: "Only an admin may do this.",
  operator: "Only the operator may do this, on the coordinator's own machine.",
  site: "Only an enrolled site may do this.",
};

export const accessOf = (name: string): Access | undefined => (Object.hasOwn(ACCESS, name) ? ACCESS[name] : undefined);

const roleReaches = (role: Role, least: Least): boolean =>
  least === "anybody" || (isRole(least) && ROLES.indexOf(role) >= ROLES.indexOf(least));

/** What of the table a role may, for the dashboard: it shows no page and no button of what is missing. */
export const mayOf = (role: Role): readonly string[] =>
  Object.keys(ACCESS).filter((name) => roleReaches(role, ACCESS[name]?.[0] ?? "site"));

export interface Asking {
  readonly role: Role;
  readonly actor: string;
  /** Of the token that is held; undefined for a session and for the operator. */
  readonly scopes?: readonly Scope[];
}

export interface Refusal {
  readonly code: "not-signed-in" | "not-allowed";
  readonly text: string;
}

/** Why not; undefined where it is allowed. */
export function refusal(name: string, asking: Asking | null): Refusal | undefined {
  const access = accessOf(name);
  if (access === undefined) return { code: "not-allowed", text: "Nobody may do this." };
  const [least, token] = access;
  if (least === "anybody") return undefined;
  if (asking === null) return { code: "not-signed-in", text: "Sign in first." };
  if (least === "operator" && asking.actor === "operator") return undefined;
  if (least === "operator" || least === "site" || !roleReaches(asking.role, least)) return { code: "not-allowed", text: WHO[least] };
  const missing = asking.scopes === undefined ? undefined : scopeMissing(asking.scopes, token);
  return missing === undefined ? undefined : { code: "not-allowed", text: missing };
}

function scopeMissing(scopes: readonly Scope[], need: TokenNeed): string | undefined {
  if (need === "any") return undefined;
  if (need === "none") return "No token may do this. Sign in to the dashboard, or use the command line on the coordinator's machine.";
  if (scopes.includes(need) || scopes.includes("admin")) return undefined;
  return `This token has the scope ${scopes.join(", ")}; this needs ${need}. Make a token with that scope under "Your tokens".`;
}

/** As README.md prints it. */
export const accessTable = (): readonly string[] => [
  "| what | least role | token |",
  "| --- | --- | --- |",
  ...Object.entries(ACCESS).map(([name, [least, token]]) => `| \`${name}\` | ${least} | ${token} |`),
];
