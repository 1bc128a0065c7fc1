"use client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { Card, PageHead } from "../../parts/card.tsx";
import { Chip } from "../../parts/chip.tsx";
import { Confirm } from "../../parts/dialog.tsx";
import { Check, TextField } from "../../parts/field.tsx";
import { LanguageField } from "../../parts/language-field.tsx";
import { Loaded, Refused } from "../../parts/states.tsx";
import { When } from "../../parts/time.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { useMe } from "../../shell/session.tsx";
import { Main } from "../../shell/shell.tsx";
import { useWords } from "../../words/language.ts";
import { MIN_PASSWORD, textOf } from "./account.ts";
import { SecondFactorCard } from "./second-factor-card.tsx";
import { peopleWords } from "./words.ts";

export function AccountPage() {
  const words = useWords(peopleWords);
  const { name, email, role } = useMe();
  return (
    <Main bar={<TopBar crumbs={[{ text: words.account }]} />}>
      <PageHead title={name} under={words.accountUnder(email, words.roles[role])} />
      <SessionsCard />
      <MailCard />
      <SecondFactorCard />
      <PasswordCard />
    </Main>
  );
}

/** A full load: nothing of this session stays in memory. */
const toLogin = (): void => location.assign("/login");

/** As browsers name themselves, but for people: what follows the last name is the engine's past. */
const browserOf = (program: string): string =>
  ["Edg", "Firefox", "Chrome", "Safari"].find((name) => program.includes(`${name}/`))?.replace("Edg", "Edge") ?? program.slice(0, 40);

function SessionsCard() {
  const words = useWords(peopleWords);
  const trpc = useTRPC();
  const sessions = useQuery(trpc.sessions.list.queryOptions());
  const [asking, setAsking] = useState(false);
  const endAll = useMutation(trpc.sessions.endAll.mutationOptions({ onSuccess: toLogin }));
  return (
    <Card
      title={words.sessions}
      footer={
        <Confirm
          open={asking}
          onOpenChange={setAsking}
          title={words.endAll}
          action={words.endAll}
          keep={words.keepSessions}
          busy={endAll.isPending && words.signingOut}
          onConfirm={() => endAll.mutate()}
          trigger={<Button kind="danger">{words.endAll}</Button>}
        >
          <p>{words.endAllWhy}</p>
          {endAll.error !== null && <Refused what={words.notEnded} error={endAll.error} />}
        </Confirm>
      }
    >
      <Loaded query={sessions} rows={2}>
        {(list) => (
          <ul className="list tight">
            {list.map(({ id, program, address, createdAt, usedAt, ends, here }) => (
              <li key={id} className="flex flex-wrap items-center gap-x-3 gap-y-1">
                <span className="w-32 font-medium">{browserOf(program)}</span>
                {here && <Chip tone="ok">{words.here}</Chip>}
                <span className="min-w-0 flex-1 text-12 text-fg-2 max-sm:basis-full">
                  {address}, {words.since} <When at={createdAt} />, {words.used} <When at={usedAt} />, {words.ends} <When at={ends} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Card>
  );
}

function MailCard() {
  const words = useWords(peopleWords);
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const mine = useQuery(trpc.alerts.mine.queryOptions());
  const set = useMutation(
    trpc.alerts.setMine.mutationOptions({ onSuccess: () => queryClient.invalidateQueries({ queryKey: trpc.alerts.pathKey() }) }),
  );
  return (
    <Card title={words.mail} padded>
      <Loaded query={mine} rows={1}>
        {({ mailServer, ...kept }) => {
          const { endOfRun, language = "en" } = set.isPending ? set.variables : kept;
          return (
            <div className="grid max-w-[460px] gap-3">
              <Check
                label={words.endOfRun}
                checked={endOfRun}
                onChange={(on) => set.mutate({ endOfRun: on, language })}
                {...(mailServer ? {} : { hint: words.noMailServer })}
              />
              {endOfRun && (
                <LanguageField
                  label={words.mailLanguage}
                  language={language}
                  onChange={(next) => set.mutate({ endOfRun, language: next })}
                />
              )}
            </div>
          );
        }}
      </Loaded>
      {set.error !== null && <Refused what={words.mailNotSet} error={set.error} />}
    </Card>
  );
}

function PasswordCard() {
  const words = useWords(peopleWords);
  const trpc = useTRPC();
  const [wrong, setWrong] = useState<{ readonly current?: string; readonly next?: string }>({});
  const change = useMutation(trpc.sessions.changePassword.mutationOptions({ onSuccess: toLogin }));
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const [current, next] = [textOf(data, "current"), textOf(data, "next")];
    const problems = {
      ...(current === "" ? { current: words.wrongCurrent } : {}),
      ...(next.length < MIN_PASSWORD ? { next: words.wrongPassword } : {}),
    };
    setWrong(problems);
    if (Object.keys(problems).length === 0) change.mutate({ current, next });
  };
  return (
    <Card title={words.passwordTitle} padded>
      <form className="grid max-w-[460px] justify-items-stretch gap-3" onSubmit={submit} noValidate aria-label={words.passwordTitle}>
        <p className="text-fg-2">{words.passwordUnder}</p>
        <TextField label={words.current} name="current" type="password" autoComplete="current-password" wrong={wrong.current} />
        <TextField
          label={words.next}
          name="next"
          type="password"
          autoComplete="new-password"
          hint={words.passwordHint}
          wrong={wrong.next}
        />
        {change.error !== null && <Refused what={words.passwordNotChanged} error={change.error} />}
        <div>
          <Button type="submit" busy={change.isPending && words.changingPassword}>
            {words.changePassword}
          </Button>
        </div>
      </form>
    </Card>
  );
}
