"use client";
import { useQueryClient } from "@tanstack/react-query";
import { OctagonX } from "lucide-react";
import { useState, type FormEvent } from "react";
import { endSecondFactor, newSecondFactor, verifyCode, type Failed, type NewSecondFactor } from "../../api/auth.ts";
import { useTRPC } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { Chip, Note } from "../../parts/chip.tsx";
import { CodeLine, CopyButton } from "../../parts/copy.tsx";
import { TextField } from "../../parts/field.tsx";
import { useMe } from "../../shell/session.tsx";
import { useWords } from "../../words/language.ts";
import { QrCode } from "../sites/qr-code.tsx";
import { textOf } from "./account.ts";
import { failureText, secondWords } from "./second-words.ts";

/** A code from an app beside the password: set up, or turned off. */
export function SecondFactorCard() {
  const words = useWords(secondWords);
  const { secondFactor } = useMe();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [made, setMade] = useState<NewSecondFactor | undefined>(undefined);
  const [done, setDone] = useState(false);
  const changed = async (on: boolean): Promise<void> => {
    setMade(undefined);
    setDone(on);
    await queryClient.invalidateQueries({ queryKey: trpc.me.queryKey() });
  };
  return (
    <Card title={words.title} padded end={<Chip tone={secondFactor ? "ok" : "neutral"}>{secondFactor ? words.on : words.off}</Chip>}>
      {made === undefined ? (
        <div className="grid gap-3">
          {done && (
            <Note tone="ok" role="status">
              {words.done}
            </Note>
          )}
          <p className="max-w-[70ch] text-fg-2">{secondFactor ? words.onWhy : words.why}</p>
          {/* Another form for each state: what was typed into one does not stand in the other. */}
          {secondFactor ? (
            <PasswordForm
              key="off"
              action={words.turnOff}
              busy={words.turningOff}
              onPassword={async (password) => {
                const answer = await endSecondFactor(password);
                if (answer.ok) await changed(false);
                return answer.ok ? undefined : answer;
              }}
            />
          ) : (
            <PasswordForm
              key="on"
              action={words.setUp}
              busy={words.settingUp}
              onPassword={async (password) => {
                const answer = await newSecondFactor(password);
                if ("ok" in answer) return answer;
                setMade(answer);
                return undefined;
              }}
            />
          )}
        </div>
      ) : (
        <NewFactor made={made} onOn={() => void changed(true)} onCancel={() => setMade(undefined)} />
      )}
    </Card>
  );
}

interface PasswordFormProps {
  readonly action: string;
  readonly busy: string;
  /** What went wrong. */
  readonly onPassword: (password: string) => Promise<Failed | undefined>;
}

function PasswordForm({ action, busy, onPassword }: PasswordFormProps) {
  const words = useWords(secondWords);
  const [running, setRunning] = useState(false);
  const [wrong, setWrong] = useState<string | undefined>(undefined);
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const password = textOf(new FormData(event.currentTarget), "second-password");
    if (password === "") return setWrong(words.wrongPassword);
    setRunning(true);
    const failed = await onPassword(password);
    setRunning(false);
    setWrong(failed === undefined ? undefined : failed.why === "wrong" ? words.wrongPassword : failureText(failed, words));
  };
  return (
    <form className="grid max-w-[460px] gap-3" onSubmit={(event) => void submit(event)} noValidate aria-label={words.title}>
      <TextField label={words.password} name="second-password" type="password" autoComplete="current-password" wrong={wrong} />
      <div>
        <Button type="submit" busy={running && busy}>
          {action}
        </Button>
      </div>
    </form>
  );
}

interface NewFactorProps {
  readonly made: NewSecondFactor;
  readonly onOn: () => void;
  readonly onCancel: () => void;
}

/** The secret and the recovery codes, shown once, and the app's first code. */
function NewFactor({ made: { uri, recovery }, onOn, onCancel }: NewFactorProps) {
  const words = useWords(secondWords);
  const [running, setRunning] = useState(false);
  const [wrong, setWrong] = useState<{ readonly code?: string; readonly form?: string }>({});
  const secret = new URL(uri).searchParams.get("secret") ?? "";
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const code = textOf(new FormData(event.currentTarget), "code").replaceAll(/\s/g, "");
    if (!/^\d{6}$/.test(code)) return setWrong({ code: words.emptyCode });
    setRunning(true);
    const answer = await verifyCode(code);
    setRunning(false);
    if (answer.ok) return onOn();
    setWrong(answer.why === "wrong" ? { code: words.wrongCode } : { form: failureText(answer, words) });
  };
  return (
    <form className="grid gap-4" onSubmit={(event) => void submit(event)} noValidate aria-label={words.title}>
      <div className="grid gap-2">
        <p>{words.scan}</p>
        <QrCode text={uri} label={words.qr} />
        <CodeLine code={secret} what={words.secret} />
      </div>
      <div className="grid gap-2">
        <p className="max-w-[70ch]">{words.keep}</p>
        <ul className="grid max-w-[460px] grid-cols-2 gap-1 font-mono" aria-label={words.recovery}>
          {recovery.map((code) => (
            <li key={code}>{code}</li>
          ))}
        </ul>
        <div>
          <CopyButton text={recovery.join("\n")} what={words.recovery} />
        </div>
      </div>
      <div className="grid max-w-[460px] gap-3">
        <p>{words.confirm}</p>
        {wrong.form !== undefined && (
          <Note tone="bad" role="alert" icon={<OctagonX size={16} aria-hidden />}>
            {wrong.form}
          </Note>
        )}
        <TextField
          label={words.code}
          name="code"
          inputMode="numeric"
          autoComplete="one-time-code"
          maxLength={12}
          autoFocus
          wrong={wrong.code}
        />
        <div className="flex gap-2">
          <Button kind="primary" type="submit" busy={running && words.turningOn}>
            {words.turnOn}
          </Button>
          <Button onClick={onCancel}>{words.cancel}</Button>
        </div>
      </div>
    </form>
  );
}
