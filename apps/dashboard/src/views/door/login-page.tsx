"use client";
import { OctagonX } from "lucide-react";
import { useEffect, useRef, useState, useSyncExternalStore, type FormEvent } from "react";
import { signIn } from "../../api/auth.ts";
import { newApiClient } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { Note } from "../../parts/chip.tsx";
import { TextField } from "../../parts/field.tsx";
import { useWords } from "../../words/language.ts";
import { textOf } from "../people/account.ts";
import { peopleWords } from "../people/words.ts";
import { CodeForm } from "./code-form.tsx";
import { Door } from "./door.tsx";
import { doorWords } from "./words.ts";

/** Only a path of this origin: a link must not lead elsewhere after signing in. */
function safePath(next: string | undefined): string {
  if (next === undefined) return "/";
  const url = new URL(next, location.origin);
  return url.origin === location.origin && next.startsWith("/") && !next.startsWith("/login") ? url.pathname + url.search : "/";
}

export function LoginPage({ next }: { readonly next: string | undefined }) {
  const words = useWords(doorWords);
  const account = useWords(peopleWords);
  const [wrong, setWrong] = useState<{ readonly email?: string; readonly password?: string; readonly form?: string }>({});
  const [busy, setBusy] = useState(false);
  /** For the code of the second factor. */
  const [asked, setAsked] = useState(false);
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
    if (!email.includes("@")) return setWrong({ email: words.wrongEmail });
    if (password === "") return setWrong({ password: words.wrongPassword });
    setBusy(true);
    setWrong({});
    const answer = await signIn(email, password);
    if (answer.ok) return location.assign(safePath(next));
    setBusy(false);
    if (answer.why === "code") return setAsked(true);
    setWrong({ form: answer.why === "other" ? words.answered(answer.status) : words.answers[answer.why] });
    form.current?.querySelector<HTMLInputElement>("input[name=password]")?.select();
  };

  if (asked) return <CodeForm onIn={() => location.assign(safePath(next))} onAgain={() => setAsked(false)} />;
  return (
    <Door title={words.signIn} under={words.signInUnder}>
      {setupNeeded && (
        <Note tone="info">
          <b className="font-semibold">{words.noAdmin}</b> {words.noAdminDo}
        </Note>
      )}
      <form className="card grid gap-4 p-5" ref={form} onSubmit={(event) => void submit(event)} noValidate aria-label={words.signIn}>
        {wrong.form !== undefined && (
          <Note tone="bad" role="alert" icon={<OctagonX size={16} aria-hidden />}>
            {wrong.form}
          </Note>
        )}
        <TextField label={account.email} name="email" type="email" autoComplete="username" autoFocus wrong={wrong.email} />
        <TextField label={account.password} name="password" type="password" autoComplete="current-password" wrong={wrong.password} />
        {/* Until the page's script runs the browser itself would send the form, with the password in the address: a disabled
            button keeps Enter from doing so. */}
        <fieldset className="grid" disabled={!ready}>
          <Button kind="primary" type="submit" busy={busy && words.signingIn}>
            {words.signIn}
          </Button>
        </fieldset>
      </form>
      <p className="text-12 text-fg-3">{words.forgotten}</p>
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
