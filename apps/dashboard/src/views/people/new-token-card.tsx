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

export type Made = TokenView & { readonly secret: string };
type Scope = TokenView["scopes"][number];

const SCOPES: readonly { readonly scope: Scope; readonly hint: string; readonly admin?: boolean }[] = [
  { scope: "read:models", hint: "List and download releases." },
  { scope: "read:runs", hint: "Read plans, sites, runs and their records." },
  { scope: "admin", hint: "All that an admin may do, but for accounts and tokens. Reads too.", admin: true },
];

export function NewTokenCard({ onMade }: { readonly onMade: (made: Made) => void }) {
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
      ...(name === "" ? { name: "Enter what it is for, for example “notebook”." } : {}),
      ...(scopes.length === 0 ? { scopes: "Choose at least one scope." } : {}),
    };
    setWrong(problems);
    if (Object.keys(problems).length === 0) create.mutate({ name, scopes: [...scopes], days: Number(data.get("days")) });
  };
  return (
    <Card title="Make a token">
      <form onSubmit={submit} noValidate aria-label="Make a token">
        <div className="in">
          <TextField label="What it is for" name="name" autoComplete="off" maxLength={60} wrong={wrong.name} />
          <fieldset className="grid gap-2">
            <legend className="font-medium">Scopes</legend>
            {SCOPES.filter((one) => one.admin !== true || admin).map(({ scope, hint }) => (
              <Check
                key={scope}
                label={<code>{scope}</code>}
                hint={hint}
                checked={scopes.includes(scope)}
                onChange={(on) => setScopes(on ? [...scopes, scope] : scopes.filter((one) => one !== scope))}
              />
            ))}
            <GroupWrong>{wrong.scopes}</GroupWrong>
          </fieldset>
          <SelectField label="Counts for" name="days" defaultValue="90" hint="You can revoke it at any time.">
            <option value="7">7 days</option>
            <option value="30">30 days</option>
            <option value="90">90 days</option>
            <option value="365">a year</option>
          </SelectField>
          {create.error !== null && <Refused what="The token was not made." error={create.error} />}
        </div>
        <footer>
          <span />
          <Button kind="primary" type="submit" busy={create.isPending && "Making the token …"}>
            Make token
          </Button>
        </footer>
      </form>
    </Card>
  );
}
