/**
 * A code from an authenticator app beside the password (TOTP, RFC 6238), and recovery codes for who has lost it. better-auth keeps both under the
 * coordinator's secret, counts wrong codes and locks the account for a while; here is what the audit log says of it, and the way back.
 */
import { EngraftError } from "@engraft/core/base/errors";
import { APIError, createAuthMiddleware, getSessionFromCtx } from "better-auth/api";
import { TWO_FACTOR_ERROR_CODES, twoFactor } from "better-auth/plugins/two-factor";
import type { Store } from "../store/store.ts";
import type { Sessions } from "./sessions.ts";

interface Person {
  readonly email: string;
  readonly role?: string | null;
}

const CODE_PATH = "/two-factor/verify-totp";
/** A code is right half a minute before and after its own. */
const CODE_LASTS_MS = 90_000;
const USED = "used-code";

/** True where the person has not given this code before. A wrong one is kept as well: it is not known yet which are right. */
async function isNew(store: Store, user: string, code: string): Promise<boolean> {
  const { value } = await store.write(async ({ verification }) => {
    // By the system's clock, by which better-auth judges codes.
    const now = Date.now();
    await verification.deleteMany({ where: { identifier: USED, expiresAt: { lte: new Date(now) } } });
    const used = { id: `${USED}/${user}/${code}`, identifier: USED, value: user, expiresAt: new Date(now + CODE_LASTS_MS) };
    const { count } = await verification.createMany({ data: [used], skipDuplicates: true });
    return { value: count === 1, audit: [] };
  });
  return value;
}

type Asked = Parameters<Parameters<typeof createAuthMiddleware>[0]>[0];

/** Who is signed in, or has given the password and is asked for a code. */
async function whoIsAsked(asked: Asked): Promise<string | undefined> {
  const signedIn = await getSessionFromCtx(asked);
  if (signedIn !== null) return signedIn.user.id;
  const { context } = asked;
  const step = await asked.getSignedCookie(context.createAuthCookie("two_factor").name, context.secret);
  return typeof step === "string" ? (await context.internalAdapter.findVerificationValue(step))?.value : undefined;
}

/** What betterAuth() takes of it. */
export function secondFactor(store: Store, now: () => number) {
  const note = async ({ email, role }: Person, action: string): Promise<void> => {
    const entry = { at: now(), actor: `${role ?? "viewer"}:${email}`, action, subject: email, detail: {} };
    await store.write(async () => ({ value: undefined, audit: [entry] }));
  };
  return {
    // Of no browser it is remembered that a code was right there: a second, the least there is, is over before the next sign-in.
    plugin: twoFactor({ issuer: "Engraft", trustDeviceMaxAge: 1 }),
    databaseHooks: {
      user: {
        update: {
          // Of a person's account better-auth itself changes nothing but this: the rest goes through accounts.ts.
          after: async (user: Person & Readonly<Record<string, unknown>>, context: { readonly path?: string } | null): Promise<void> => {
            if (context?.path === CODE_PATH) await note(user, "second-factor.on");
            if (context?.path === "/two-factor/disable") await note(user, "second-factor.off");
          },
        },
      },
    },
    hooks: {
      // A code that somebody saw or caught on its way opens nothing again (RFC 6238, section 5.2).
      before: createAuthMiddleware(async (asked) => {
        if (asked.path !== CODE_PATH) return;
        const { code } = asked.body as { readonly code?: unknown };
        const user = await whoIsAsked(asked);
        if (user === undefined || typeof code !== "string" || !/^\d{6}$/.test(code)) return;
        if (!(await isNew(store, user, code))) throw APIError.from("UNAUTHORIZED", TWO_FACTOR_ERROR_CODES.INVALID_CODE);
      }),
      after: createAuthMiddleware(async ({ path, context }) => {
        const user = context.newSession?.user as Person | undefined;
        if (path === "/two-factor/verify-backup-code" && user !== undefined) await note(user, "recovery-code.used");
      }),
    },
  };
}

/** Throws `not-found`, and `conflict` where the person has none. */
export async function resetSecondFactor(
  store: Store,
  sessions: Sessions,
  { id, by, now }: { readonly id: string; readonly by: string; readonly now: number },
): Promise<void> {
  const user = await store.prisma.user.findUnique({ where: { id } });
  if (user === null) throw new EngraftError("not-found", "There is no such user.");
  if (user.twoFactorEnabled !== true) throw new EngraftError("conflict", "This account has no second factor.");
  const entry = { at: now, actor: by, action: "second-factor.reset", subject: user.email, detail: {} };
  await sessions.endWith(id, entry, async (tx) => {
    await tx.user.update({ where: { id }, data: { twoFactorEnabled: false } });
    await tx.twoFactor.deleteMany({ where: { userId: id } });
    return { value: undefined, audit: [] };
  });
}
