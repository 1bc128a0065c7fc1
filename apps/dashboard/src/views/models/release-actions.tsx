"use client";
import type { ReleaseView } from "@engraft/coordinator/api/release-views";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { Confirm, Dialog } from "../../parts/dialog.tsx";
import { AreaField, SelectField, TextField } from "../../parts/field.tsx";
import { METRIC_TITLES, metricText } from "../../parts/figures.ts";
import { Refused } from "../../parts/states.tsx";
import { useWords } from "../../words/language.ts";
import { releaseWords } from "./words.ts";

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
  const words = useWords(releaseWords).make;
  const [open, setOpen] = useState(false);
  return (
    <Dialog
      open={open}
      onOpenChange={setOpen}
      title={words.title(release.run)}
      under={words.under}
      trigger={<Button>{words.action}</Button>}
    >
      <MakeForm release={release} onMade={() => setOpen(false)} />
    </Dialog>
  );
}

function MakeForm({ release, onMade }: { readonly release: ReleaseView; readonly onMade: () => void }) {
  const words = useWords(releaseWords).make;
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [wrong, setWrong] = useState<Wrong>({});
  const [round, setRound] = useState<number | undefined>(undefined);
  // Nobody has judged an earlier checkpoint on test patients.
  const missed = round === undefined ? release.criteria.some(({ met }) => !met) : release.criteria.length > 0;
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
      name: /^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]$/.test(name) ? undefined : words.wrongName,
      version: /^[0-9]+\.[0-9]+(\.[0-9]+)?$/.test(version) ? undefined : words.wrongVersion,
      despite: missed && despite === "" ? words.wrongDespite : undefined,
    };
    setWrong(found);
    if (Object.values(found).some((text) => text !== undefined)) return;
    make.mutate({ run: release.run, name, version, notes, despite: missed ? despite : null, ...(round !== undefined && { round }) });
  };
  return (
    <form onSubmit={submit} noValidate aria-label={words.form}>
      <div className="in grid gap-3">
        <div className="grid gap-3 sm:grid-cols-2">
          <TextField
            label={words.name}
            name="name"
            defaultValue={release.plan.name}
            autoComplete="off"
            spellCheck={false}
            wrong={wrong.name}
          />
          <TextField label={words.version} name="version" defaultValue="1.0" autoComplete="off" wrong={wrong.version} />
        </div>
        <CheckpointField run={release.run} round={round} onChange={setRound} />
        <AreaField label={words.notes} name="notes" rows={3} hint={words.notesHint} />
        {missed && <AreaField label={words.despite} name="despite" rows={2} wrong={wrong.despite} hint={words.despiteHint} />}
        {make.error !== null && <Refused what={words.failed} error={make.error} />}
      </div>
      <footer>
        <span className="text-12 text-fg-3">{words.forGood}</span>
        <Button kind="primary" type="submit" busy={make.isPending && words.busy}>
          {words.action}
        </Button>
      </footer>
    </form>
  );
}

/** The last one, as long as nobody chooses another of those that are kept. */
function CheckpointField({ run, round, onChange }: CheckpointFieldProps) {
  const words = useWords(releaseWords).make;
  const { data } = useQuery(useTRPC().releases.checkpoints.queryOptions({ run }));
  const [last, ...earlier] = data?.checkpoints ?? [];
  if (data === undefined || earlier.length === 0) return null;
  return (
    <SelectField
      label={words.checkpoint}
      value={round ?? ""}
      hint={round === undefined ? words.checkpointsKept : words.onlyValidation}
      onChange={(event) => onChange(event.target.value === "" ? undefined : Number(event.target.value))}
    >
      <option value="">{words.lastRound(last?.round ?? 0)}</option>
      {earlier.map((one) => (
        <option key={one.round} value={one.round}>
          {words.earlierRound(one.round, one.value === null ? undefined : `${METRIC_TITLES[data.metric]} ${metricText(one.value)}`)}
        </option>
      ))}
    </SelectField>
  );
}

interface CheckpointFieldProps {
  readonly run: ReleaseView["run"];
  readonly round: number | undefined;
  readonly onChange: (round: number | undefined) => void;
}

function Withdraw({ release }: { readonly release: ReleaseView }) {
  const words = useWords(releaseWords).withdraw;
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
    if (why.trim() === "") return setWrong(words.sayWhy);
    setWrong(undefined);
    withdraw.mutate({ run: release.run, why: why.trim() });
  };
  return (
    <Confirm
      open={open}
      onOpenChange={setOpen}
      title={words.title(`${release.released?.name ?? ""} ${release.released?.version ?? ""}`)}
      action={words.action}
      keep={words.keep}
      busy={withdraw.isPending && words.busy}
      onConfirm={confirm}
      trigger={<Button kind="danger">{words.action}</Button>}
    >
      <p>{words.what}</p>
      <AreaField label={words.why} value={why} onChange={(event) => setWhy(event.target.value)} rows={2} wrong={wrong} />
      {withdraw.error !== null && <Refused what={words.failed} error={withdraw.error} />}
    </Confirm>
  );
}
