"use client";
import type { Role, UserView } from "@engraft/coordinator/api/views";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { PageHead } from "../../parts/card.tsx";
import { Chip, Note } from "../../parts/chip.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { SelectField, TextField } from "../../parts/field.tsx";
import { Empty, Loaded, Refused } from "../../parts/states.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { useMay, useMe } from "../../shell/session.tsx";
import { Main } from "../../shell/shell.tsx";
import { useWords } from "../../words/language.ts";
import { checkAccount, type AccountWrong } from "./account.ts";
import { ChangeUser } from "./change-user.tsx";
import { secondWords } from "./second-words.ts";
import { peopleWords } from "./words.ts";

export function UsersPage() {
  const words = useWords(peopleWords);
  const trpc = useTRPC();
  const may = useMay("users.list");
  const users = useQuery({ ...trpc.users.list.queryOptions(), enabled: may });
  return (
    <Main bar={<TopBar crumbs={[{ text: words.users }]} />}>
      <PageHead
        title={words.users}
        under={users.data === undefined ? words.people : words.peopleCount(users.data.length)}
        actions={may && <AddUser />}
      />
      {!may ? (
        <Note tone="info">{words.usersAdminsOnly}</Note>
      ) : (
        <section className="card" aria-label={words.users}>
          <Loaded query={users} rows={3}>
            {(list) =>
              list.length === 0 ? (
                <Empty title={words.noUser}>{words.noUserWhy}</Empty>
              ) : (
                <ul className="list">
                  {list.map((user) => (
                    <UserLine key={user.id} user={user} />
                  ))}
                </ul>
              )
            }
          </Loaded>
        </section>
      )}
    </Main>
  );
}

function UserLine({ user }: { readonly user: UserView }) {
  const words = useWords(peopleWords);
  const second = useWords(secondWords);
  const me = useMe();
  const { id, name, email, role, disabled, secondFactor, sessions } = user;
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <div className="min-w-0 flex-1 basis-56">
        <p className="font-medium wrap-anywhere">
          {name} {id === me.id && <span className="font-normal text-fg-3">({words.you})</span>}
        </p>
        <p className="text-12 text-fg-2 wrap-anywhere">{email}</p>
      </div>
      <Chip tone={role === "admin" ? "info" : "neutral"}>{words.roles[role]}</Chip>
      {secondFactor && <Chip tone="ok">{second.chip}</Chip>}
      {disabled && <Chip tone="warn">{words.disabled}</Chip>}
      <span className="w-36 text-12 text-fg-2">{words.sessionCount(sessions)}</span>
      <ChangeUser user={user} />
    </li>
  );
}

function AddUser() {
  const words = useWords(peopleWords);
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [open, setOpen] = useState(false);
  const [wrong, setWrong] = useState<AccountWrong>({});
  const create = useMutation(
    trpc.users.create.mutationOptions({
      onSuccess: async () => {
        await queryClient.invalidateQueries({ queryKey: trpc.users.pathKey() });
        setOpen(false);
      },
    }),
  );
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const account = checkAccount(data, words);
    if ("wrong" in account) return setWrong(account.wrong);
    setWrong({});
    create.mutate({ ...account.account, role: data.get("role") as Role });
  };
  return (
    <Dialog
      open={open}
      onOpenChange={setOpen}
      title={words.addTitle}
      under={words.addUnder}
      trigger={
        <Button kind="primary">
          <Plus size={14} aria-hidden />
          {words.addUser}
        </Button>
      }
    >
      <form onSubmit={submit} noValidate aria-label={words.addTitle}>
        <div className="in">
          <TextField label={words.name} name="name" autoComplete="off" autoFocus wrong={wrong.name} />
          <TextField label={words.email} name="email" type="email" autoComplete="off" wrong={wrong.email} />
          <TextField
            label={words.password}
            name="password"
            type="password"
            autoComplete="new-password"
            wrong={wrong.password}
            hint={words.passwordHint}
          />
          <SelectField label={words.role} name="role" defaultValue="researcher" hint={words.roleHint}>
            {(["viewer", "researcher", "admin"] as const).map((role) => (
              <option key={role} value={role}>
                {words.roles[role]}
              </option>
            ))}
          </SelectField>
          {create.error !== null && <Refused what={words.notAdded} error={create.error} />}
        </div>
        <footer>
          <span />
          <Button kind="primary" type="submit" busy={create.isPending && words.adding}>
            {words.addUser}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
