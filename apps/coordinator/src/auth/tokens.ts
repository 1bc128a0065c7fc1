/**
 * Personal tokens: what a person's own programs sign in with. Of a token only a hash is kept. It acts as its owner, by the owner's
 * role of that moment and never beyond its scopes, and goes with the owner's account.
 */
import { randomBytes } from "node:crypto";
import { toBase64url } from "@engraft/core/base/bytes";
import { EngraftError } from "@engraft/core/base/errors";
import { sha256 } from "@engraft/core/crypto/digest";
import * as z from "zod";
import type { Caller } from "../api/context.ts";
import { isRole, Scope, type Role } from "../api/access.ts";
import type { TokenView } from "../api/views.ts";
import { RateLimits } from "../rate-limit.ts";
import type { Token, User } from "../store/generated/client.ts";
import type { Store } from "../store/store.ts";

export const TOKEN_PREFIX = "engraft_";

const DAY_MS = 86_400_000;
/** How exactly people are told when a token was last used. */
const USED_MS = 60_000;
/** From one address: a script with a wrong token must not keep the database busy. */
const WRONG_PER_SECOND = 1 / 6;
const WRONG_AT_ONCE = 20;

export const NewToken = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(60)
    .refine((name) => !name.includes(TOKEN_PREFIX), "a token is no name"),
  scopes: z.array(Scope).min(1).max(Scope.options.length),
  days: z.int().min(1, "at least a day").max(365, "at most a year").default(90),
  /** E-mail of somebody else: for the command line on the coordinator's machine. */
  owner: z.email().max(200).optional(),
});
export type NewToken = z.infer<typeof NewToken>;

type Owned = Token & { readonly user: User };

export interface MadeToken extends TokenView {
  /** Shown now and never again. */
  readonly secret: string;
}

export class Tokens {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #wrong = new RateLimits(WRONG_PER_SECOND, WRONG_AT_ONCE);

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Whose token this is. Throws `not-signed-in`, saying why it does not count, or `too-many`. */
  async callerOf(secret: string, address: string): Promise<Caller> {
    const now = this.#now();
    const token = await this.#store.prisma.token.findUnique({ where: { hash: sha256(secret) }, include: { user: true } });
    const why = whyNot(token, now);
    if (why !== undefined || token === null) {
      if (!this.#wrong.take(address, now))
        throw new EngraftError("too-many", "Too many wrong tokens from this address. Wait a minute, then try with a token that counts.");
      throw new EngraftError("not-signed-in", why ?? "");
    }
    if (now - (token.lastUsedAt?.getTime() ?? 0) >= USED_MS) await this.#used(token.id, now);
    const { id, email, name } = token.user;
    const role = roleOf(token.user) as Role;
    return { id, email, name, role, actor: `${role}:${email} (token ${token.id})`, scopes: scopesOf(token) };
  }

  /** Not worth failing for: the disk may be full. */
  async #used(id: string, now: number): Promise<void> {
    try {
      await this.#store.mayWrite();
      await this.#store.prisma.token.updateMany({ where: { id }, data: { lastUsedAt: new Date(now) } });
    } catch {
      // It is told to have been used earlier than it was.
    }
  }

  /** Throws `not-allowed` where the owner's role does not reach so far, and `not-found` for an unknown owner. */
  async create({ name, scopes, days, owner }: NewToken, by: Caller): Promise<MadeToken> {
    if (owner !== undefined && by.id !== "operator" && owner.toLowerCase() !== by.email)
      throw new EngraftError("not-allowed", "A token is made by the person who will use it.");
    const email = owner?.toLowerCase() ?? by.email;
    const user = await this.#store.prisma.user.findUnique({ where: { email } });
    if (user === null)
      throw new EngraftError("not-found", "Say whose token it is with --for and the e-mail of somebody who has an account.");
    if (scopes.includes("admin") && roleOf(user) !== "admin")
      throw new EngraftError("not-allowed", "Only an admin's token can have the scope admin. Leave it out.");
    const now = this.#now();
    const secret = `${TOKEN_PREFIX}${toBase64url(randomBytes(32))}`;
    const data = {
      id: randomBytes(5).toString("hex"),
      hash: sha256(secret),
      userId: user.id,
      name,
      scopes: [...new Set(scopes)].sort().join(" "),
      createdAt: new Date(now),
      expiresAt: new Date(now + days * DAY_MS),
    };
    const { value } = await this.#store.write(async (tx) => ({
      value: await tx.token.create({ data, include: { user: true } }),
      audit: [
        {
          at: now,
          actor: by.actor,
          action: "token.created",
          subject: email,
          detail: { token: data.id, scopes: data.scopes, expires: data.expiresAt.toISOString() },
        },
      ],
    }));
    return { ...tokenView(value, now), secret };
  }

  /** The caller's own; the operator's are everybody's. Newest first. */
  async list(by: Caller): Promise<readonly TokenView[]> {
    const where = by.id === "operator" ? {} : { userId: by.id };
    const found = await this.#store.prisma.token.findMany({ where, include: { user: true }, orderBy: { createdAt: "desc" } });
    return found.map((token) => tokenView(token, this.#now()));
  }

  /** At once. One's own, or as an admin or operator anybody's. Revoking it again changes nothing. Throws `not-found`. */
  async revoke(id: string, by: Caller): Promise<void> {
    const now = this.#now();
    await this.#store.write(async (tx) => {
      const token = await tx.token.findUnique({ where: { id }, include: { user: true } });
      if (token === null || (token.userId !== by.id && by.role !== "admin"))
        throw new EngraftError("not-found", "You have no token with this id.");
      if (token.revokedAt !== null) return { value: undefined, audit: [] };
      await tx.token.update({ where: { id }, data: { revokedAt: new Date(now) } });
      const entry = { at: now, actor: by.actor, action: "token.revoked", subject: token.user.email, detail: { token: id } };
      return { value: undefined, audit: [entry] };
    });
  }
}

const day = (at: Date): string => at.toISOString().slice(0, 10);

/** Why a token does not count, for whoever holds it. */
function whyNot(token: Owned | null, now: number): string | undefined {
  const anew = 'Make a new one under "Your tokens" in the dashboard.';
  if (token === null) return `This token is not known here. Was it copied whole, and is this the right coordinator? ${anew}`;
  if (token.revokedAt !== null) return `This token (${token.id}) was revoked on ${day(token.revokedAt)}. ${anew}`;
  if (token.expiresAt.getTime() <= now) return `This token (${token.id}) expired on ${day(token.expiresAt)}. ${anew}`;
  if (token.user.banned === true || roleOf(token.user) === undefined) return "The account of this token may not sign in. Ask an admin.";
  return undefined;
}

const roleOf = ({ role }: User): Role | undefined => (isRole(role) ? role : undefined);

const scopesOf = ({ scopes }: Token): readonly Scope[] =>
  scopes.split(" ").filter((scope): scope is Scope => (Scope.options as readonly string[]).includes(scope));

const tokenView = (token: Owned, now: number): TokenView => ({
  id: token.id,
  name: token.name,
  owner: token.user.email,
  scopes: scopesOf(token),
  createdAt: token.createdAt.getTime(),
  expiresAt: token.expiresAt.getTime(),
  lastUsedAt: token.lastUsedAt?.getTime() ?? null,
  revokedAt: token.revokedAt?.getTime() ?? null,
  counts: whyNot(token, now) === undefined,
});
