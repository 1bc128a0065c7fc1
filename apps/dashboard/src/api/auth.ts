/** Signing in and out: better-auth's two calls, over plain fetch. */

export type SignIn = { readonly ok: true } | { readonly ok: false; readonly text: string };

export async function signIn(email: string, password: string): Promise<SignIn> {
  const answer = await post("/api/auth/sign-in/email", { email, password });
  if (answer === undefined) return { ok: false, text: "The coordinator does not answer. Check your connection, then try again." };
  if (answer.ok) return { ok: true };
  if (answer.status === 401 || answer.status === 400 || answer.status === 403)
    return { ok: false, text: "E-mail and password do not belong together. Check both; passwords know upper and lower case." };
  if (answer.status === 429) return { ok: false, text: "Too many attempts. Wait a minute, then try again." };
  return { ok: false, text: `The coordinator could not check the password (HTTP ${answer.status}). Try again; its log says more.` };
}

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
