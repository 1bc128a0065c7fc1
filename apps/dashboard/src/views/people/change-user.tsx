"use client";
import type { Role, UserView } from "@engraft/coordinator/api/views";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { Note } from "../../parts/chip.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { SelectField } from "../../parts/field.tsx";
import { Refused } from "../../parts/states.tsx";
import { useMe } from "../../shell/session.tsx";
import { useWords } from "../../words/language.ts";
import { secondWords } from "./second-words.ts";
import { peopleWords } from "./words.ts";

/** Role, sessions, and whether somebody may sign in. */
export function ChangeUser({ user }: { readonly user: UserView }) {
  const words = useWords(peopleWords);
  const [open, setOpen] = useState(false);
  return (
    <Dialog
      open={open}
      onOpenChange={setOpen}
      title={words.changeTitle(user.name)}
      under={words.changeUnder}
      trigger={
        <Button size="small" aria-label={words.changeOf(user.name)}>
          {words.change}
        </Button>
      }
    >
      <Changes user={user} />
    </Dialog>
  );
}

function Changes({ user: { id, role, disabled, secondFactor } }: { readonly user: UserView }) {
  const words = useWords(peopleWords);
  const second = useWords(secondWords);
  const me = useMe();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [chosen, setChosen] = useState<Role>(role);
  const after = { onSuccess: () => queryClient.invalidateQueries({ queryKey: trpc.users.pathKey() }) };
  const setRole = useMutation(trpc.users.setRole.mutationOptions(after));
  const signOut = useMutation(trpc.users.signOut.mutationOptions(after));
  const disable = useMutation(trpc.users.disable.mutationOptions(after));
  const reset = useMutation(trpc.users.resetSecondFactor.mutationOptions(after));
  const error = setRole.error ?? signOut.error ?? disable.error ?? reset.error;
  return (
    <div className="in">
      {error !== null && <Refused what={words.notChanged} error={error} />}
      <div className="flex items-end gap-2">
        <div className="flex-1">
          <SelectField label={words.role} value={chosen} onChange={(event) => setChosen(event.target.value as Role)}>
            {(["viewer", "researcher", "admin"] as const).map((one) => (
              <option key={one} value={one}>
                {words.roles[one]}
              </option>
            ))}
          </SelectField>
        </div>
        <Button
          busy={setRole.isPending && words.settingRole}
          blocked={chosen === role}
          onClick={() => setRole.mutate({ id, role: chosen })}
        >
          {words.setRole}
        </Button>
      </div>
      <p className="hint">{words.roleHint}</p>
      <div className="grid justify-items-start gap-1">
        <Button busy={signOut.isPending && words.signingOut} onClick={() => signOut.mutate({ id })}>
          {words.signOutAll}
        </Button>
        <p className="hint">{words.signOutHint}</p>
        {signOut.isSuccess && (
          <Note tone="ok" role="status">
            {words.signedOut}
          </Note>
        )}
      </div>
      {secondFactor && (
        <div className="grid justify-items-start gap-1">
          <Button busy={reset.isPending && second.resetting} onClick={() => reset.mutate({ id })}>
            {second.reset}
          </Button>
          <p className="hint">{second.resetHint}</p>
        </div>
      )}
      {id !== me.id && (
        <div className="grid justify-items-start gap-1">
          <Button
            kind={disabled ? "plain" : "danger"}
            busy={disable.isPending && (disabled ? words.enabling : words.disabling)}
            onClick={() => disable.mutate({ id, disabled: !disabled })}
          >
            {disabled ? words.enable : words.disable}
          </Button>
          {!disabled && <p className="hint">{words.disableHint}</p>}
        </div>
      )}
    </div>
  );
}
