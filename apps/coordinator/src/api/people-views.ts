/** People, as the API tells of them. Times are milliseconds since 1970. */
import type { Role, Scope } from "./access.ts";

export interface Me {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  /** Names of access.ts: procedures and routes. What is not here the dashboard does not offer. */
  readonly may: readonly string[];
  /** Whether signing in takes a code as well. */
  readonly secondFactor: boolean;
}

export interface TokenView {
  readonly id: string;
  readonly name: string;
  /** E-mail. */
  readonly owner: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly lastUsedAt: number | null;
  readonly revokedAt: number | null;
  /** False once it is expired or revoked, or its owner may not sign in. */
  readonly counts: boolean;
}

export interface UserView {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  /** May not sign in; tokens of theirs do not count. */
  readonly disabled: boolean;
  readonly secondFactor: boolean;
  readonly sessions: number;
}

export interface SessionView {
  readonly id: string;
  readonly createdAt: number;
  readonly usedAt: number;
  /** When it ends by itself if nothing more is done with it. */
  readonly ends: number;
  readonly address: string;
  /** As the browser names itself. */
  readonly program: string;
  /** The one that asks. */
  readonly here: boolean;
}
