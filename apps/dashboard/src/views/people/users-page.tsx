"use client";
import type { Role, UserView } from "@engraft/coordinator/api/views";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import { Plus } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { PageHead } from "../../parts/card.tsx";
import { Chip, Note } from "../../parts/chip.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { SelectField, TextField } from "../../parts/field.tsx";
import { plural } from "../../parts/figures.ts";
import { Empty, Loaded, Refused } from "../../parts/states.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { useIsAdmin } from "../../shell/session.tsx";
import { Main } from "../../shell/shell.tsx";
import { checkAccount, type AccountWrong } from "./account.ts";

const column = createColumnHelper<UserView>();

const COLUMNS = [
  column.accessor("name", { header: "Name", meta: { rowHeader: true } }),
  column.accessor("email", { header: "E-mail" }),
  column.accessor("role", {
    header: "Role",
    cell: ({ getValue }) => <Chip tone={getValue() === "admin" ? "info" : "neutral"}>{getValue()}</Chip>,
  }),
];

export function UsersPage() {
  const trpc = useTRPC();
  const admin = useIsAdmin();
  const users = useQuery({ ...trpc.users.list.queryOptions(), enabled: admin });
  return (
    <Main bar={<TopBar crumbs={[{ text: "Users" }]} />}>
      <PageHead
        title="Users"
        under={
          users.data === undefined
            ? "People who may open this dashboard."
            : `${plural(users.data.length, "person", "people")} may open this dashboard.`
        }
        actions={admin && <AddUser />}
      />
      {!admin ? (
        <Note tone="info">Only an admin may see and add users.</Note>
      ) : (
        <section className="card" aria-label="Users">
          <Loaded query={users} rows={3}>
            {(list) =>
              list.length === 0 ? (
                <Empty title="No user">Add the people who may look.</Empty>
              ) : (
                <DataTable caption="Users" rows={list} columns={COLUMNS} rowKey={(user) => user.id} />
              )
            }
          </Loaded>
        </section>
      )}
    </Main>
  );
}

function AddUser() {
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
    const account = checkAccount(data);
    if ("wrong" in account) return setWrong(account.wrong);
    setWrong({});
    create.mutate({ ...account.account, role: data.get("role") as Role });
  };
  return (
    <Dialog
      open={open}
      onOpenChange={setOpen}
      title="Add a user"
      under="Tell them the password yourself; the coordinator sends no mail."
      trigger={
        <Button kind="primary">
          <Plus size={14} aria-hidden />
          Add user
        </Button>
      }
    >
      <form onSubmit={submit} noValidate aria-label="Add a user">
        <div className="in">
          <TextField label="Name" name="name" autoComplete="off" autoFocus wrong={wrong.name} />
          <TextField label="E-mail" name="email" type="email" autoComplete="off" wrong={wrong.email} />
          <TextField
            label="Password"
            name="password"
            type="password"
            autoComplete="new-password"
            wrong={wrong.password}
            hint="At least 10 characters."
          />
          <SelectField
            label="Role"
            name="role"
            defaultValue="researcher"
            hint="A researcher reads and downloads; an admin also invites, proposes, starts and stops."
          >
            <option value="researcher">Researcher</option>
            <option value="admin">Admin</option>
          </SelectField>
          {create.error !== null && <Refused what="The user was not added." error={create.error} />}
        </div>
        <footer>
          <span />
          <Button kind="primary" type="submit" busy={create.isPending && "Adding user …"}>
            Add user
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
