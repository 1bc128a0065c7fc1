"use client";
import { OctagonX } from "lucide-react";
import Link from "next/link";
import { useEffect, useState, type FormEvent } from "react";
import { signIn } from "../../api/auth.ts";
import { newApiClient } from "../../api/trpc.ts";
import { troubleOf } from "../../api/trouble.ts";
import { buttonClass, Button } from "../../parts/button.tsx";
import { Note } from "../../parts/chip.tsx";
import { TextField } from "../../parts/field.tsx";
import { Failed, Skeleton } from "../../parts/states.tsx";
import { useWords } from "../../words/language.ts";
import { checkAccount, type AccountWrong } from "../people/account.ts";
import { peopleWords } from "../people/words.ts";
import { Door } from "./door.tsx";
import { doorWords } from "./words.ts";

type State =
  | { readonly is: "asking" }
  | { readonly is: "needed" }
  | { readonly is: "done" }
  | { readonly is: "failed"; readonly error: unknown };

export function SetupPage({ token }: { readonly token: string | undefined }) {
  const words = useWords(doorWords);
  const [client] = useState(newApiClient);
  const [state, setState] = useState<State>({ is: "asking" });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    client.setup.state
      .query()
      .then(({ needed }) => setState({ is: needed ? "needed" : "done" }))
      .catch((error: unknown) => setState({ is: "failed", error }));
  }, [client, turn]);

  if (state.is === "done") {
    return (
      <Door title={words.there} under={words.thereUnder}>
        <Link className={buttonClass({ kind: "primary" })} href="/login">
          {words.goSignIn}
        </Link>
      </Door>
    );
  }
  return (
    <Door title={words.first} under={words.firstUnder}>
      {state.is === "asking" && <Skeleton label={words.asking} />}
      {state.is === "failed" && <Failed error={state.error} retry={() => setTurn(turn + 1)} />}
      {state.is === "needed" && token === undefined && (
        <Note tone="bad" role="alert" icon={<OctagonX size={16} aria-hidden />}>
          <b className="font-semibold">{words.notWhole}</b> {words.notWholeDo}
        </Note>
      )}
      {state.is === "needed" && token !== undefined && <AdminForm token={token} />}
    </Door>
  );
}

function AdminForm({ token }: { readonly token: string }) {
  const words = useWords(doorWords);
  const account = useWords(peopleWords);
  const [client] = useState(newApiClient);
  const [wrong, setWrong] = useState<AccountWrong & { readonly form?: string }>({});
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    if (busy) return;
    const checked = checkAccount(new FormData(event.currentTarget), account);
    if ("wrong" in checked) return setWrong(checked.wrong);
    setBusy(true);
    setWrong({});
    try {
      await client.setup.createAdmin.mutate({ token, ...checked.account });
      const { email, password } = checked.account;
      const signed = await signIn(email, password);
      location.assign(signed.ok ? "/" : "/login");
    } catch (error) {
      setBusy(false);
      const trouble = troubleOf(error);
      setWrong({ form: `${trouble.what} ${trouble.safe} ${trouble.next}` });
    }
  };
  return (
    <form className="card grid gap-4 p-5" onSubmit={(event) => void submit(event)} noValidate aria-label={words.first}>
      {wrong.form !== undefined && (
        <Note tone="bad" role="alert" icon={<OctagonX size={16} aria-hidden />}>
          {wrong.form}
        </Note>
      )}
      <TextField label={words.yourName} name="name" autoComplete="name" autoFocus wrong={wrong.name} />
      <TextField label={account.email} name="email" type="email" autoComplete="username" wrong={wrong.email} />
      <TextField
        label={account.password}
        name="password"
        type="password"
        autoComplete="new-password"
        wrong={wrong.password}
        hint={words.passwordHint}
      />
      <Button kind="primary" type="submit" busy={busy && words.creating}>
        {words.create}
      </Button>
    </form>
  );
}
