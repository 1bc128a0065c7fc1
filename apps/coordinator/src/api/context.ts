/** What a request knows: who asks, and the running coordinator behind it. */
import type { App } from "../app.ts";
import type { Role } from "./views.ts";

export interface Caller {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  /** How the audit log names the caller: `admin:<email>`, `researcher:<email>` or `operator`. */
  readonly actor: string;
}

export interface Context {
  readonly app: App;
  readonly caller: Caller | null;
}
