"use client";
import type { ChannelView } from "@engraft/coordinator/api/alert-views";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Check, GroupWrong, SelectField, TextField } from "../../parts/field.tsx";
import { Refused } from "../../parts/states.tsx";
import { LanguageField } from "../../parts/language-field.tsx";
import { useLanguage, useWords } from "../../words/language.ts";
import { ALERT_KINDS } from "@engraft/core/needs/kinds";
import { alertWords } from "./words.ts";

interface Wrong {
  readonly name?: string;
  readonly to?: string;
  readonly causes?: string;
}

interface Props {
  /** Absent: a new one. */
  readonly channel?: ChannelView;
  readonly onSecret: (made: { readonly name: string; readonly secret: string }) => void;
}

export function ChannelDialog({ channel, onSecret }: Props) {
  const words = useWords(alertWords);
  const [open, setOpen] = useState(false);
  return (
    <Dialog
      open={open}
      onOpenChange={setOpen}
      title={channel === undefined ? words.addTitle : words.changeTitle}
      under={words.formUnder}
      trigger={
        channel === undefined ? (
          <Button kind="primary">
            <Plus size={14} aria-hidden />
            {words.addChannel}
          </Button>
        ) : (
          <Button size="small" aria-label={words.editOf(channel.name)}>
            {words.edit}
          </Button>
        )
      }
    >
      <ChannelForm channel={channel} onSecret={onSecret} onSaved={() => setOpen(false)} />
    </Dialog>
  );
}

type Entered = Pick<ChannelView, "kind" | "name" | "causes"> & { readonly to: string };

const problemsOf = (words: typeof alertWords.en, { kind, name, to, causes }: Entered): Wrong => ({
  ...(name === "" ? { name: words.wrongName } : {}),
  ...(to === "" ? { to: kind === "mail" ? words.wrongTo : words.wrongUrl } : {}),
  ...(causes.length === 0 ? { causes: words.wrongCauses } : {}),
});

function Where({ kind, to, wrong }: Pick<ChannelView, "kind" | "to"> & { readonly wrong: string | undefined }) {
  const words = useWords(alertWords);
  const [label, hint] = kind === "mail" ? [words.addresses, words.addressesHint] : [words.url, words.urlHint];
  return <TextField label={label} hint={hint} name="to" autoComplete="off" defaultValue={to.join(", ")} wrong={wrong} />;
}

interface CausesProps {
  readonly causes: ChannelView["causes"];
  readonly onChange: (causes: ChannelView["causes"]) => void;
  readonly wrong: string | undefined;
}

function Causes({ causes, onChange, wrong }: CausesProps) {
  const words = useWords(alertWords);
  return (
    <fieldset className="grid gap-1.5">
      <legend className="font-medium">{words.causes}</legend>
      {ALERT_KINDS.map((cause) => (
        <Check
          key={cause}
          label={words.cause[cause]}
          checked={causes.includes(cause)}
          onChange={(chosen) => onChange(ALERT_KINDS.filter((one) => (one === cause ? chosen : causes.includes(one))))}
        />
      ))}
      <GroupWrong>{wrong}</GroupWrong>
    </fieldset>
  );
}

const textOf = (data: FormData, key: string): string => {
  const value = data.get(key);
  return typeof value === "string" ? value.trim() : "";
};

function ChannelForm({
  channel,
  onSecret,
  onSaved,
}: Omit<Props, "channel"> & { readonly channel: ChannelView | undefined; readonly onSaved: () => void }) {
  const words = useWords(alertWords);
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [kind, setKind] = useState<ChannelView["kind"]>(channel?.kind ?? "mail");
  const [causes, setCauses] = useState<ChannelView["causes"]>(channel?.causes ?? ALERT_KINDS);
  const [on, setOn] = useState(channel?.on ?? true);
  const page = useLanguage();
  const [language, setLanguage] = useState(channel?.language ?? page);
  const [newSecret, setNewSecret] = useState(false);
  const [wrong, setWrong] = useState<Wrong>({});
  const save = useMutation(
    trpc.alerts.save.mutationOptions({
      onSuccess: async ({ secret }, { name }) => {
        if (secret !== null) onSecret({ name, secret });
        await queryClient.invalidateQueries({ queryKey: trpc.alerts.pathKey() });
        onSaved();
      },
    }),
  );
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const [name, to] = [textOf(data, "name"), textOf(data, "to")];
    const problems = problemsOf(words, { kind, name, to, causes });
    setWrong(problems);
    if (Object.keys(problems).length > 0) return;
    const common = { ...(channel === undefined ? {} : { id: channel.id }), name, causes: [...causes], on, language };
    if (kind === "webhook") save.mutate({ ...common, kind, url: to, newSecret });
    else save.mutate({ ...common, kind, to: to.split(/[\s,;]+/).filter((one) => one !== "") });
  };
  return (
    <form onSubmit={submit} noValidate aria-label={channel === undefined ? words.addTitle : words.changeTitle}>
      <div className="in">
        <TextField
          label={words.name}
          name="name"
          autoComplete="off"
          maxLength={60}
          autoFocus
          defaultValue={channel?.name}
          hint={words.nameHint}
          wrong={wrong.name}
        />
        {channel === undefined && (
          <SelectField label={words.kind} value={kind} onChange={(event) => setKind(event.target.value === "webhook" ? "webhook" : "mail")}>
            <option value="mail">{words.mail}</option>
            <option value="webhook">{words.webhook}</option>
          </SelectField>
        )}
        <Where key={kind} kind={kind} to={channel?.to ?? []} wrong={wrong.to} />
        <LanguageField label={words.language} language={language} onChange={setLanguage} />
        <Causes causes={causes} onChange={setCauses} wrong={wrong.causes} />
        {channel?.kind === "webhook" && <Check label={words.newSecret} checked={newSecret} onChange={setNewSecret} />}
        <Check label={words.on} checked={on} onChange={setOn} />
        {save.error !== null && <Refused what={words.notSaved} error={save.error} />}
      </div>
      <footer>
        <span />
        <Button kind="primary" type="submit" busy={save.isPending && words.saving}>
          {words.save}
        </Button>
      </footer>
    </form>
  );
}
