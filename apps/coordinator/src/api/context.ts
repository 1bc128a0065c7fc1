/** What a request knows: who asks, and the running coordinator behind it. */
import type { App } from "../app.ts";
import type { Role, Scope } from "./access.ts";

export interface Caller {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  /** How the audit log names the caller: `<role>:<email>` or `operator`; with ` (token <id>)` behind where one was used. */
  readonly actor: string;
  /** Of the token that the caller holds; undefined for a session and for the operator, who have no such bounds. */
  readonly scopes?: readonly Scope[];
  /** Id of the session; undefined for a token and for the operator. */
  readonly session?: string;
  /** Whether signing in took a code as well; undefined where nobody signed in. */
  readonly secondFactor?: boolean;
}

export interface Context {
  readonly app: App;
  readonly caller: Caller | null;
}
