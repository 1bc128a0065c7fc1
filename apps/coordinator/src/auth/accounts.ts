/** People: better-auth keeps accounts and sessions; this decides who may have one and names the caller of a request. */
import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { utf8 } from "@engraft/core/base/bytes";
import { EngraftError } from "@engraft/core/base/errors";
import { betterAuth } from "better-auth";
import { prismaAdapter } from "better-auth/adapters/prisma";
import { fromNodeHeaders, toNodeHandler } from "better-auth/node";
import { createAccessControl } from "better-auth/plugins/access";
import { admin } from "better-auth/plugins/admin";
import type { Caller } from "../api/context.ts";
import { isRole, ROLES, type Role } from "../api/access.ts";
import type { UserView } from "../api/views.ts";
import type { Store } from "../store/store.ts";
import { resetSecondFactor, secondFactor } from "./second-factor.ts";
import { Sessions, type SessionSettings } from "./sessions.ts";
import { forgetSetupToken } from "./secrets.ts";
import { TOKEN_PREFIX, type Tokens } from "./tokens.ts";

/** Set by the server to the address of the socket; what a browser sends under this name is overwritten. */
export const ADDRESS_HEADER = "x-engraft-address";

const access = createAccessControl({ account: [] });

export interface AccountsOptions {
  readonly store: Store;
  readonly data: string;
  readonly secret: string;
  readonly operatorToken: string;
  readonly publicUrl: string;
  readonly trustedOrigins: readonly string[];
  readonly tokens: Tokens;
  readonly sessions: SessionSettings;
  readonly now: () => number;
  /** Null where the first admin exists. */
  readonly setupToken: string | null;
}

export interface NewAccount {
  readonly name: string;
  readonly email: string;
  readonly password: string;
  readonly role: Role;
}

const sameText = (a: string, b: string): boolean => utf8(a).length === utf8(b).length && timingSafeEqual(utf8(a), utf8(b));

const makeAuth = ({ store, secret, publicUrl, trustedOrigins, sessions, now }: AccountsOptions) => {
  const second = secondFactor(store, now);
  return betterAuth({
    appName: "Engraft",
    baseURL: publicUrl,
    basePath: "/api/auth",
    secret,
    trustedOrigins: [...trustedOrigins],
    database: prismaAdapter(store.prisma, { provider: "postgresql" }),
    emailAndPassword: { enabled: true, disableSignUp: true, minPasswordLength: 10, maxPasswordLength: 128 },
    plugins: [
      admin({
        defaultRole: "researcher",
        adminRoles: ["admin"],
        roles: Object.fromEntries(ROLES.map((role) => [role, access.newRole({ account: [] })])),
      }),
      second.plugin,
    ],
    databaseHooks: second.databaseHooks,
    hooks: second.hooks,
    // Idle sessions end in sessions.ts. Nothing is cached in a cookie: a session that was ended counts no more at once.
    session: {
      expiresIn: Math.max(1, Math.floor(sessions.longestMs / 1000)),
      disableSessionRefresh: true,
      cookieCache: { enabled: false },
    },
    rateLimit: {
      enabled: true,
      window: 60,
      max: 300,
      customRules: { "/sign-in/email": { window: 60, max: 30 }, "/two-factor/*": { window: 60, max: 20 } },
    },
    advanced: {
      cookiePrefix: "engraft",
      useSecureCookies: publicUrl.startsWith("https:"),
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER] },
    },
    telemetry: { enabled: false },
    logger: { disabled: true },
  });
};

export class Accounts {
  readonly #options: AccountsOptions;
  readonly #auth: ReturnType<typeof makeAuth>;
  readonly #handler: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  readonly sessions: Sessions;
  #setupToken: string | null;
  #settingUp = false;

  constructor(options: AccountsOptions) {
    this.#options = options;
    this.#setupToken = options.setupToken;
    this.#auth = makeAuth(options);
    this.#handler = toNodeHandler(this.#auth);
    this.sessions = new Sessions(options.store, options.sessions, options.now);
  }

  static async anyAdmin(store: Store): Promise<boolean> {
    return (await store.prisma.user.count({ where: { role: "admin" } })) > 0;
  }

  get setupNeeded(): boolean {
    return this.#setupToken !== null;
  }

  /** What better-auth answers by itself (http/routes.ts); accounts are managed through our own API, which keeps an audit log. */
  serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.headers[ADDRESS_HEADER] = request.socket.remoteAddress ?? "unknown";
    return this.#handler(request, response);
  }

  /** Who asks: the operator or a person's program by bearer token, a person by session cookie, or nobody. Throws what Tokens does. */
  async callerOf(request: IncomingMessage): Promise<Caller | null> {
    const { authorization, cookie } = request.headers;
    if (authorization !== undefined) {
      const token = authorization.startsWith("Bearer ") ? authorization.slice("Bearer ".length).trim() : "";
      if (token.startsWith(TOKEN_PREFIX)) return this.#options.tokens.callerOf(token, request.socket.remoteAddress ?? "");
      return sameText(token, this.#options.operatorToken)
        ? { id: "operator", email: "", name: "operator", role: "admin", actor: "operator" }
        : null;
    }
    if (cookie === undefined) return null;
    return this.#sessionCaller(request);
  }

  async #sessionCaller(request: IncomingMessage): Promise<Caller | null> {
    const found = await this.#auth.api.getSession({ headers: fromNodeHeaders(request.headers) });
    if (found === null || found.user.banned === true || !(await this.sessions.counts(found.session))) return null;
    const { id, email, name, role, twoFactorEnabled } = found.user;
    if (!isRole(role)) return null;
    return { id, email, name, role, actor: `${role}:${email}`, session: found.session.id, secondFactor: twoFactorEnabled === true };
  }

  /** A new session each time; the one that the browser had before ends with it. */
  async signIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const before = request.headers.cookie === undefined ? null : await this.#sessionCaller(request).catch(() => null);
    await this.serve(request, response);
    if (before?.session !== undefined && response.statusCode === 200)
      await this.#options.store.prisma.session.deleteMany({ where: { id: before.session } });
  }

  /** Ends all of the person's sessions. */
  async changePassword(caller: Caller, given: { readonly current: string; readonly next: string }): Promise<void> {
    await this.sessions.changePassword(caller, given, (await this.#auth.$context).password);
  }

  /** Uses up the one-time link. Throws `not-allowed` where it is not, or no longer, valid. */
  async createFirstAdmin(token: string, account: Omit<NewAccount, "role">): Promise<void> {
    if (this.#setupToken === null || this.#settingUp || !sameText(token, this.#setupToken)) {
      throw new EngraftError(
        "not-allowed",
        "This link is not valid, or was used already. Sign in, or look for the newest link where the coordinator was started.",
      );
    }
    this.#settingUp = true;
    try {
      await this.#create({ ...account, role: "admin" }, "setup", "admin.created");
      this.#setupToken = null;
      await forgetSetupToken(this.#options.data);
    } finally {
      this.#settingUp = false;
    }
  }

  /** Throws `conflict` where the e-mail has an account. */
  create(account: NewAccount, by: string): Promise<void> {
    return this.#create(account, by, "user.created");
  }

  async #create(account: NewAccount, by: string, action: string): Promise<void> {
    const { store, now } = this.#options;
    const email = account.email.toLowerCase();
    if ((await store.prisma.user.count({ where: { email } })) > 0)
      throw new EngraftError("conflict", "There is an account with this e-mail address already.");
    await this.#auth.api.createUser({ body: { email, name: account.name, password: account.password, role: account.role } });
    await store.write(async () => ({
      value: undefined,
      audit: [{ at: now(), actor: by, action, subject: email, detail: { role: account.role } }],
    }));
  }

  async list(): Promise<readonly UserView[]> {
    const users = await this.#options.store.prisma.user.findMany({
      orderBy: { email: "asc" },
      include: { _count: { select: { sessions: { where: this.sessions.counting() } } } },
    });
    return users.map(({ id, email, name, role, banned, twoFactorEnabled, _count }) => ({
      id,
      email,
      name,
      role: isRole(role) ? role : "viewer",
      disabled: banned === true,
      secondFactor: twoFactorEnabled === true,
      sessions: _count.sessions,
    }));
  }

  /** The password alone lets them in again; their sessions end. Throws `not-found`, and `conflict` where there is none. */
  resetSecondFactor(id: string, by: string): Promise<void> {
    return resetSecondFactor(this.#options.store, this.sessions, { id, by, now: this.#options.now() });
  }

  /** Their sessions end, so that open pages are those of the new role. Throws `not-found`, and `conflict` for the last admin. */
  async setRole(id: string, role: Role, by: Caller): Promise<void> {
    await this.#change(id, by, { role }, { action: "user.role", detail: { role } });
  }

  /** May they sign in? Throws as `setRole` does, and `conflict` for oneself. */
  async disable(id: string, disabled: boolean, by: Caller): Promise<void> {
    if (id === by.id) throw new EngraftError("conflict", "You cannot disable yourself. Another admin can.");
    await this.#change(id, by, { banned: disabled }, { action: disabled ? "user.disabled" : "user.enabled", detail: {} });
  }

  async #change(
    id: string,
    by: Caller,
    data: { readonly role?: Role; readonly banned?: boolean },
    said: { readonly action: string; readonly detail: Readonly<Record<string, string>> },
  ): Promise<void> {
    const { store, now } = this.#options;
    const user = await store.prisma.user.findUnique({ where: { id } });
    if (user === null) throw new EngraftError("not-found", "There is no such user.");
    await this.sessions.endWith(id, { at: now(), actor: by.actor, subject: user.email, ...said }, async (tx) => {
      await tx.user.update({ where: { id }, data });
      const admins = await tx.user.count({ where: { role: "admin", banned: { not: true } } });
      if (admins === 0) throw new EngraftError("conflict", "Somebody must be an admin. Make another one first.");
      return { value: undefined, audit: [] };
    });
  }
}
