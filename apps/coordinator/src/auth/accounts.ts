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
import type { Role, UserView } from "../api/views.ts";
import type { Store } from "../store/store.ts";
import { forgetSetupToken } from "./secrets.ts";
import { TOKEN_PREFIX, type Tokens } from "./tokens.ts";

/** Set by the server to the address of the socket; what a browser sends under this name is overwritten. */
export const ADDRESS_HEADER = "x-engraft-address";

/** The only endpoints of better-auth that are served; accounts are managed through our own API, which keeps an audit log. */
const SERVED = new Set([
  "/api/auth/sign-in/email",
  "/api/auth/sign-out",
  "/api/auth/get-session",
  "/api/auth/change-password",
  "/api/auth/ok",
]);

const access = createAccessControl({ account: [] });

export interface AccountsOptions {
  readonly store: Store;
  readonly data: string;
  readonly secret: string;
  readonly operatorToken: string;
  readonly publicUrl: string;
  readonly trustedOrigins: readonly string[];
  readonly tokens: Tokens;
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

const makeAuth = ({ store, secret, publicUrl, trustedOrigins }: AccountsOptions) =>
  betterAuth({
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
        roles: { admin: access.newRole({ account: [] }), researcher: access.newRole({ account: [] }) },
      }),
    ],
    session: { expiresIn: 12 * 3600, updateAge: 3600, cookieCache: { enabled: true, maxAge: 30 } },
    rateLimit: { enabled: true, window: 60, max: 300, customRules: { "/sign-in/email": { window: 60, max: 30 } } },
    advanced: {
      cookiePrefix: "engraft",
      useSecureCookies: publicUrl.startsWith("https:"),
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER] },
    },
    telemetry: { enabled: false },
    logger: { disabled: true },
  });

export class Accounts {
  readonly #options: AccountsOptions;
  readonly #auth: ReturnType<typeof makeAuth>;
  readonly #handler: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  #setupToken: string | null;
  #settingUp = false;

  constructor(options: AccountsOptions) {
    this.#options = options;
    this.#setupToken = options.setupToken;
    this.#auth = makeAuth(options);
    this.#handler = toNodeHandler(this.#auth);
  }

  static async anyAdmin(store: Store): Promise<boolean> {
    return (await store.prisma.user.count({ where: { role: "admin" } })) > 0;
  }

  get setupNeeded(): boolean {
    return this.#setupToken !== null;
  }

  /** Serves /api/auth; false where the path is not one of ours. */
  serve(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    if (!SERVED.has(path)) return false;
    request.headers[ADDRESS_HEADER] = request.socket.remoteAddress ?? "unknown";
    void this.#handler(request, response);
    return true;
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
    const found = await this.#auth.api.getSession({ headers: fromNodeHeaders(request.headers) });
    if (found === null) return null;
    const { id, email, name, role } = found.user;
    if (role !== "admin" && role !== "researcher") return null;
    return { id, email, name, role, actor: `${role}:${email}` };
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
    const users = await this.#options.store.prisma.user.findMany({ orderBy: { email: "asc" } });
    return users.map(({ id, email, name, role }) => ({ id, email, name, role: role === "admin" ? "admin" : "researcher" }));
  }
}
