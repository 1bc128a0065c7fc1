"use client";
import type { TokenView } from "@engraft/coordinator/api/views";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { Check, GroupWrong, SelectField, TextField } from "../../parts/field.tsx";
import { Refused } from "../../parts/states.tsx";
import { useIsAdmin } from "../../shell/session.tsx";
import { useWords } from "../../words/language.ts";
import { peopleWords } from "./words.ts";

export type Made = TokenView & { readonly secret: string };
type Scope = TokenView["scopes"][number];

const SCOPES: readonly Scope[] = ["read:models", "read:runs", "admin"];
const LENGTHS = [7, 30, 90, 365] as const;

export function NewTokenCard({ onMade }: { readonly onMade: (made: Made) => void }) {
  const words = useWords(peopleWords);
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const admin = useIsAdmin();
  const [scopes, setScopes] = useState<readonly Scope[]>(["read:models"]);
  const [wrong, setWrong] = useState<{ readonly name?: string; readonly scopes?: string }>({});
  const create = useMutation(
    trpc.tokens.create.mutationOptions({
      onSuccess: async (made) => {
        onMade(made);
        await queryClient.invalidateQueries({ queryKey: trpc.tokens.pathKey() });
      },
    }),
  );
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const given = data.get("name");
    const name = typeof given === "string" ? given.trim() : "";
    const problems = {
      ...(name === "" ? { name: words.wrongTokenName } : {}),
      ...(scopes.length === 0 ? { scopes: words.wrongScopes } : {}),
    };
    setWrong(problems);
    if (Object.keys(problems).length === 0) create.mutate({ name, scopes: [...scopes], days: Number(data.get("days")) });
  };
  return (
    <Card title={words.makeToken}>
      <form onSubmit={submit} noValidate aria-label={words.makeToken}>
        <div className="in">
          <TextField label={words.tokenName} name="name" autoComplete="off" maxLength={60} wrong={wrong.name} />
          <fieldset className="grid gap-2">
            <legend className="font-medium">{words.scopes}</legend>
            {SCOPES.filter((scope) => scope !== "admin" || admin).map((scope) => (
              <Check
                key={scope}
                label={<code>{scope}</code>}
                hint={words.scopeHints[scope]}
                checked={scopes.includes(scope)}
                onChange={(on) => setScopes(on ? [...scopes, scope] : scopes.filter((one) => one !== scope))}
              />
            ))}
            <GroupWrong>{wrong.scopes}</GroupWrong>
          </fieldset>
          <SelectField label={words.countsFor} name="days" defaultValue="90" hint={words.countsHint}>
            {LENGTHS.map((days) => (
              <option key={days} value={days}>
                {words.lengths[days]}
              </option>
            ))}
          </SelectField>
          {create.error !== null && <Refused what={words.notMade} error={create.error} />}
        </div>
        <footer>
          <span />
          <Button kind="primary" type="submit" busy={create.isPending && words.making}>
            {words.make}
          </Button>
        </footer>
      </form>
    </Card>
  );
}
