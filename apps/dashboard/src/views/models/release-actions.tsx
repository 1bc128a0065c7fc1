"use client";
import type { ReleaseView } from "@engraft/coordinator/api/release-views";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { Confirm, Dialog } from "../../parts/dialog.tsx";
import { AreaField, TextField } from "../../parts/field.tsx";
import { Refused } from "../../parts/states.tsx";

/** What an admin may do with a model: release a candidate, withdraw a release. */
export function ReleaseActions({ release }: { readonly release: ReleaseView }) {
  if (release.withdrawn !== null) return null;
  return release.released === null ? <MakeDialog release={release} /> : <Withdraw release={release} />;
}

interface Wrong {
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly despite?: string | undefined;
}

const fieldText = (data: FormData, name: string): string => {
  const value = data.get(name);
  return typeof value === "string" ? value.trim() : "";
};

function MakeDialog({ release }: { readonly release: ReleaseView }) {
  const [open, setOpen] = useState(false);
  return (
    <Dialog
      open={open}
      onOpenChange={setOpen}
      title={`Release the model of ${release.run}`}
      under="Its files are signed and never change from then on. Researchers see it under its name."
      trigger={<Button>Release model</Button>}
    >
      <MakeForm release={release} onMade={() => setOpen(false)} />
    </Dialog>
  );
}

function MakeForm({ release, onMade }: { readonly release: ReleaseView; readonly onMade: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [wrong, setWrong] = useState<Wrong>({});
  const missed = release.criteria.some(({ met }) => !met);
  const make = useMutation(
    trpc.releases.make.mutationOptions({
      onSuccess: async () => {
        onMade();
        await queryClient.invalidateQueries({ queryKey: trpc.releases.pathKey() });
      },
    }),
  );
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const [name, version, notes, despite] = ["name", "version", "notes", "despite"].map((field) => fieldText(data, field)) as [
      string,
      string,
      string,
      string,
    ];
    const found: Wrong = {
      name: /^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]$/.test(name) ? undefined : "Enter 2 to 40 of a-z, 0-9 and “-”.",
      version: /^[0-9]+\.[0-9]+(\.[0-9]+)?$/.test(version) ? undefined : "Enter numbers with dots, for example 1.0.",
      despite: missed && despite === "" ? "Say why it is released all the same, or train on." : undefined,
    };
    setWrong(found);
    if (Object.values(found).some((text) => text !== undefined)) return;
    make.mutate({ run: release.run, name, version, notes, despite: missed ? despite : null });
  };
  return (
    <form onSubmit={submit} noValidate aria-label="Release the model">
      <div className="in grid gap-3">
        <div className="grid gap-3 sm:grid-cols-2">
          <TextField label="Name" name="name" defaultValue={release.plan.name} autoComplete="off" spellCheck={false} wrong={wrong.name} />
          <TextField label="Version" name="version" defaultValue="1.0" autoComplete="off" wrong={wrong.version} />
        </div>
        <AreaField label="Notes" name="notes" rows={3} hint="What whoever uses it should know. Signed with it." />
        {missed && (
          <AreaField
            label="Why it is released although it misses a criterion of its plan"
            name="despite"
            rows={2}
            wrong={wrong.despite}
            hint="Signed with it, and shown wherever the release is."
          />
        )}
        {make.error !== null && <Refused what="It was not released." error={make.error} />}
      </div>
      <footer>
        <span className="text-12 text-fg-3">A release can be withdrawn, never changed.</span>
        <Button kind="primary" type="submit" busy={make.isPending && "Signing …"}>
          Release model
        </Button>
      </footer>
    </form>
  );
}

function Withdraw({ release }: { readonly release: ReleaseView }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [open, setOpen] = useState(false);
  const [why, setWhy] = useState("");
  const [wrong, setWrong] = useState<string | undefined>(undefined);
  const withdraw = useMutation(
    trpc.releases.withdraw.mutationOptions({
      onSuccess: async () => {
        setOpen(false);
        await queryClient.invalidateQueries({ queryKey: trpc.releases.pathKey() });
      },
    }),
  );
  const confirm = (): void => {
    if (why.trim() === "") return setWrong("Say why, for whoever uses it.");
    setWrong(undefined);
    withdraw.mutate({ run: release.run, why: why.trim() });
  };
  return (
    <Confirm
      open={open}
      onOpenChange={setOpen}
      title={`Withdraw ${release.released?.name ?? ""} ${release.released?.version ?? ""}`}
      action="Withdraw release"
      keep="Keep release"
      busy={withdraw.isPending && "Withdrawing …"}
      onConfirm={confirm}
      trigger={<Button kind="danger">Withdraw release</Button>}
    >
      <p>Whoever fetches it from now on is told why it should not be used. Nothing is deleted, and copies that are out stay out.</p>
      <AreaField label="Why" value={why} onChange={(event) => setWhy(event.target.value)} rows={2} wrong={wrong} />
      {withdraw.error !== null && <Refused what="It was not withdrawn." error={withdraw.error} />}
    </Confirm>
  );
}
