/** Signing in and out, and the second factor: better-auth's calls, over plain fetch. */

export type SignIn =
  | { readonly ok: true }
  | { readonly ok: false; readonly why: "unreachable" | "wrong" | "often" }
  | { readonly ok: false; readonly why: "other"; readonly status: number };

/** The password is right, and the account has a second factor. */
interface NeedsCode {
  readonly ok: false;
  readonly why: "code";
}

/** `late`: the password was entered too long ago, or too many codes were wrong. */
type Verified = SignIn | { readonly ok: false; readonly why: "late" };

export async function signIn(email: string, password: string): Promise<SignIn | NeedsCode> {
  const answer = await post("/api/auth/sign-in/email", { email, password });
  if (answer === undefined) return { ok: false, why: "unreachable" };
  if (answer.ok) return "twoFactorRedirect" in (await bodyOf(answer)) ? { ok: false, why: "code" } : { ok: true };
  if (answer.status === 401 || answer.status === 400 || answer.status === 403) return { ok: false, why: "wrong" };
  return answer.status === 429 ? { ok: false, why: "often" } : { ok: false, why: "other", status: answer.status };
}

/** The second step of signing in; or, for who is signed in, the first code of a new app. */
export const verifyCode = (code: string): Promise<Verified> => verify("/api/auth/two-factor/verify-totp", code);

/** Each opens once. */
export const enterRecoveryCode = (code: string): Promise<Verified> => verify("/api/auth/two-factor/verify-backup-code", code);

async function verify(url: string, code: string): Promise<Verified> {
  const answer = await post(url, { code });
  if (answer === undefined) return { ok: false, why: "unreachable" };
  if (answer.ok) return { ok: true };
  if (answer.status === 429) return { ok: false, why: "often" };
  const said = (await bodyOf(answer))["code"];
  return { ok: false, why: said === "INVALID_CODE" || said === "INVALID_BACKUP_CODE" ? "wrong" : "late" };
}

export interface NewSecondFactor {
  /** `otpauth://...`, for the app. */
  readonly uri: string;
  readonly recovery: readonly string[];
}

export type Failed = Extract<SignIn, { readonly ok: false }>;

/** Counts once `verifyCode` has seen the app's first code. */
export async function newSecondFactor(password: string): Promise<NewSecondFactor | Failed> {
  const answer = await post("/api/auth/two-factor/enable", { password });
  const failed = failureOf(answer);
  if (failed !== undefined || answer === undefined) return failed ?? { ok: false, why: "unreachable" };
  const { totpURI, backupCodes } = (await bodyOf(answer)) as { readonly totpURI: string; readonly backupCodes: readonly string[] };
  return { uri: totpURI, recovery: backupCodes };
}

export async function endSecondFactor(password: string): Promise<SignIn> {
  return failureOf(await post("/api/auth/two-factor/disable", { password })) ?? { ok: true };
}

function failureOf(answer: Response | undefined): Failed | undefined {
  if (answer === undefined) return { ok: false, why: "unreachable" };
  if (answer.ok) return undefined;
  if (answer.status === 400) return { ok: false, why: "wrong" };
  return answer.status === 429 ? { ok: false, why: "often" } : { ok: false, why: "other", status: answer.status };
}

const bodyOf = (answer: Response): Promise<Readonly<Record<string, unknown>>> =>
  answer.json().catch(() => ({})) as Promise<Readonly<Record<string, unknown>>>;

/** True where the session is over. */
export async function signOut(): Promise<boolean> {
  return (await post("/api/auth/sign-out", {}))?.ok ?? false;
}

const post = (url: string, body: object): Promise<Response | undefined> =>
  fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    credentials: "same-origin",
  }).catch(() => undefined);
