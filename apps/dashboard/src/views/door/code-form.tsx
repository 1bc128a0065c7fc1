"use client";
import { OctagonX } from "lucide-react";
import { useState, type FormEvent } from "react";
import { enterRecoveryCode, verifyCode } from "../../api/auth.ts";
import { Button } from "../../parts/button.tsx";
import { Note } from "../../parts/chip.tsx";
import { TextField } from "../../parts/field.tsx";
import { useWords } from "../../words/language.ts";
import { textOf } from "../people/account.ts";
import { failureText, secondWords } from "../people/second-words.ts";
import { Door } from "./door.tsx";

interface CodeProps {
  readonly onIn: () => void;
  /** Back to the password. */
  readonly onAgain: () => void;
}

/** The second step of signing in. */
export function CodeForm({ onIn, onAgain }: CodeProps) {
  const words = useWords(secondWords);
  const [recovery, setRecovery] = useState(false);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<{ readonly code?: string; readonly form?: string }>({});
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    if (busy) return;
    const field = event.currentTarget.querySelector<HTMLInputElement>("input[name=code]");
    const code = textOf(new FormData(event.currentTarget), "code").replaceAll(/\s/g, "");
    if (!(recovery ? /^.{5}-.{5}$/ : /^\d{6}$/).test(code)) return setWrong({ code: recovery ? words.emptyRecovery : words.emptyCode });
    setBusy(true);
    setWrong({});
    const answer = await (recovery ? enterRecoveryCode(code) : verifyCode(code));
    if (answer.ok) return onIn();
    setBusy(false);
    setWrong(answer.why === "wrong" ? { code: recovery ? words.wrongRecovery : words.wrongCode } : { form: failureText(answer, words) });
    field?.select();
  };
  return (
    <Door title={words.askTitle} under={words.askUnder}>
      <form className="card grid gap-4 p-5" onSubmit={(event) => void submit(event)} noValidate aria-label={words.askTitle}>
        {wrong.form !== undefined && (
          <Note tone="bad" role="alert" icon={<OctagonX size={16} aria-hidden />}>
            {wrong.form}
          </Note>
        )}
        <TextField
          key={recovery ? "recovery" : "app"}
          label={recovery ? words.askRecovery : words.askCode}
          hint={recovery ? words.recoveryHint : words.askHint}
          name="code"
          inputMode={recovery ? "text" : "numeric"}
          autoComplete={recovery ? "off" : "one-time-code"}
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          wrong={wrong.code}
        />
        <Button kind="primary" type="submit" busy={busy && words.signingIn}>
          {words.signIn}
        </Button>
        <div className="flex flex-wrap justify-between gap-2">
          <button
            type="button"
            className="link text-12"
            onClick={() => {
              setRecovery(!recovery);
              setWrong({});
            }}
          >
            {recovery ? words.useApp : words.useRecovery}
          </button>
          <button type="button" className="link text-12" onClick={onAgain}>
            {words.again}
          </button>
        </div>
      </form>
      <p className="text-12 text-fg-3">{words.lost}</p>
    </Door>
  );
}
