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
import { checkAccount, type AccountWrong } from "../people/account.ts";
import { Door } from "./door.tsx";

type State =
  | { readonly is: "asking" }
  | { readonly is: "needed" }
  | { readonly is: "done" }
  | { readonly is: "failed"; readonly error: unknown };

export function SetupPage({ token }: { readonly token: string | undefined }) {
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
      <Door title="The first admin is there already" under="The one-time link has been used; nothing was changed.">
        <Link className={buttonClass({ kind: "primary" })} href="/login">
          Go to sign in
        </Link>
      </Door>
    );
  }
  return (
    <Door title="Create the first admin" under="This account invites sites, writes plans and starts runs. The link works once.">
      {state.is === "asking" && <Skeleton label="Asking the coordinator" />}
      {state.is === "failed" && <Failed error={state.error} retry={() => setTurn(turn + 1)} />}
      {state.is === "needed" && token === undefined && (
        <Note tone="bad" role="alert" icon={<OctagonX size={16} aria-hidden />}>
          <b className="font-semibold">The link is not complete.</b> Open the whole line that the coordinator printed, with everything after
          “token=”.
        </Note>
      )}
      {state.is === "needed" && token !== undefined && <AdminForm token={token} />}
    </Door>
  );
}

function AdminForm({ token }: { readonly token: string }) {
  const [client] = useState(newApiClient);
  const [wrong, setWrong] = useState<AccountWrong & { readonly form?: string }>({});
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    if (busy) return;
    const account = checkAccount(new FormData(event.currentTarget));
    if ("wrong" in account) return setWrong(account.wrong);
    setBusy(true);
    setWrong({});
    try {
      await client.setup.createAdmin.mutate({ token, ...account.account });
      const { email, password } = account.account;
      const signed = await signIn(email, password);
      location.assign(signed.ok ? "/" : "/login");
    } catch (error) {
      setBusy(false);
      const trouble = troubleOf(error);
      setWrong({ form: `${trouble.what} ${trouble.safe} ${trouble.next}` });
    }
  };
  return (
    <form className="card grid gap-4 p-5" onSubmit={(event) => void submit(event)} noValidate aria-label="Create the first admin">
      {wrong.form !== undefined && (
        <Note tone="bad" role="alert" icon={<OctagonX size={16} aria-hidden />}>
          {wrong.form}
        </Note>
      )}
      <TextField label="Your name" name="name" autoComplete="name" autoFocus wrong={wrong.name} />
      <TextField label="E-mail" name="email" type="email" autoComplete="username" wrong={wrong.email} />
      <TextField
        label="Password"
        name="password"
        type="password"
        autoComplete="new-password"
        wrong={wrong.password}
        hint="At least 10 characters. A few unrelated words are good."
      />
      <Button kind="primary" type="submit" busy={busy && "Creating the admin …"}>
        Create admin
      </Button>
    </form>
  );
}
