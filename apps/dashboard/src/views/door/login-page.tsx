"use client";
import { OctagonX } from "lucide-react";
import { useEffect, useRef, useState, useSyncExternalStore, type FormEvent } from "react";
import { signIn } from "../../api/auth.ts";
import { newApiClient } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { Note } from "../../parts/chip.tsx";
import { TextField } from "../../parts/field.tsx";
import { Door } from "./door.tsx";

/** Only a path of this origin: a link must not lead elsewhere after signing in. */
function safePath(next: string | undefined): string {
  if (next === undefined) return "/";
  const url = new URL(next, location.origin);
  return url.origin === location.origin && next.startsWith("/") && !next.startsWith("/login") ? url.pathname + url.search : "/";
}

export function LoginPage({ next }: { readonly next: string | undefined }) {
  const [wrong, setWrong] = useState<{ readonly email?: string; readonly password?: string; readonly form?: string }>({});
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const setupNeeded = useSetupNeeded();
  const ready = useSyncExternalStore(
    () => () => {},
    () => true,
    () => false,
  );

  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    if (busy) return;
    const data = new FormData(event.currentTarget);
    const email = textOf(data, "email").trim();
    const password = textOf(data, "password");
    if (!email.includes("@")) return setWrong({ email: "Enter the e-mail address of your account." });
    if (password === "") return setWrong({ password: "Enter your password." });
    setBusy(true);
    setWrong({});
    const answer = await signIn(email, password);
    if (answer.ok) return location.assign(safePath(next));
    setBusy(false);
    setWrong({ form: answer.text });
    form.current?.querySelector<HTMLInputElement>("input[name=password]")?.select();
  };

  return (
    <Door title="Sign in" under="To the dashboard of this federation.">
      {setupNeeded && (
        <Note tone="info">
          <b className="font-semibold">There is no admin yet.</b> Open the one-time link that the coordinator printed when it first started.
        </Note>
      )}
      <form className="card grid gap-4 p-5" ref={form} onSubmit={(event) => void submit(event)} noValidate aria-label="Sign in">
        {wrong.form !== undefined && (
          <Note tone="bad" role="alert" icon={<OctagonX size={16} aria-hidden />}>
            {wrong.form}
          </Note>
        )}
        <TextField label="E-mail" name="email" type="email" autoComplete="username" autoFocus wrong={wrong.email} />
        <TextField label="Password" name="password" type="password" autoComplete="current-password" wrong={wrong.password} />
        {/* Until the page's script runs the browser itself would send the form, with the password in the address: a disabled
            button keeps Enter from doing so. */}
        <fieldset className="grid" disabled={!ready}>
          <Button kind="primary" type="submit" busy={busy && "Signing in …"}>
            Sign in
          </Button>
        </fieldset>
      </form>
      <p className="text-12 text-fg-3">No account, or a forgotten password: ask an admin of this federation.</p>
    </Door>
  );
}

function useSetupNeeded(): boolean {
  const [needed, setNeeded] = useState(false);
  useEffect(() => {
    newApiClient()
      .setup.state.query()
      .then((state) => setNeeded(state.needed))
      // Not knowing is no reason to bother somebody who wants to sign in.
      .catch(() => setNeeded(false));
  }, []);
  return needed;
}

function textOf(data: FormData, key: string): string {
  const value = data.get(key);
  return typeof value === "string" ? value : "";
}
