"use client";
import type { SiteView } from "@engraft/coordinator/api/views";
import type { SiteName } from "@engraft/core/base/ids";
import type { AggregationMethod, SecureAggregation } from "@engraft/core/models/aggregation";
import { MIN_SITES, numbersOf } from "@engraft/core/models/directory-numbers";
import { PLAIN_AGGREGATION_WARNING } from "@engraft/core/models/plan-words";
import { Eye, ShieldCheck } from "lucide-react";
import Link from "next/link";
import { useId, useState } from "react";
import { Card } from "../../parts/card.tsx";
import { Note } from "../../parts/chip.tsx";
import { Check, GroupWrong, SelectField, TextField } from "../../parts/field.tsx";
import { plural } from "../../parts/figures.ts";
import type { Bound } from "./bound.ts";
import { listedSite, type FormKey, type ListedSite } from "./plan-form.ts";

/** How updates are added up. Secure is what a plan gets; plain is chosen knowingly. */
export function AggregationSection({ bound, sites }: { readonly bound: Bound; readonly sites: readonly SiteView[] }) {
  const { form, change } = bound;
  // Plain rounds make no sum, so without the sites' own figures there would be none.
  const choose = (method: AggregationMethod): void => change({ method, perSite: method === "plain" });
  return (
    <Card title="Aggregation" aside="who can read an update" padded>
      <fieldset className="grid gap-2 sm:grid-cols-2">
        <legend className="sr-only">How updates are added up</legend>
        <Choice method="secure" chosen={form.method} onChoose={choose} />
        <Choice method="plain" chosen={form.method} onChoose={choose} />
      </fieldset>
      {form.method === "plain" ? (
        <div className="mt-4">
          <Note tone="bad" edge role="alert" icon={<Eye size={16} aria-hidden />}>
            <b className="font-semibold">{PLAIN_AGGREGATION_WARNING}</b> It never receives records, but an update can tell something about
            the data it was trained on. Each steward is shown this in red.
          </Note>
        </div>
      ) : (
        <div className="mt-4 grid gap-4">
          <DirectoryField bound={bound} sites={sites} />
          <WeightFields bound={bound} />
          <Advanced bound={bound} />
        </div>
      )}
    </Card>
  );
}

const CHOICES = {
  secure: { icon: ShieldCheck, title: "Secure", words: "The coordinator sees only the sum of all sites’ updates.", tone: "text-accent" },
  plain: { icon: Eye, title: "Plain", words: "The coordinator can read each site’s update.", tone: "text-bad" },
} as const;

interface ChoiceProps {
  readonly method: AggregationMethod;
  readonly chosen: AggregationMethod;
  readonly onChoose: (method: AggregationMethod) => void;
}

function Choice({ method, chosen, onChoose }: ChoiceProps) {
  const id = useId();
  const { icon: Icon, title, words, tone } = CHOICES[method];
  return (
    <div className="choice">
      <input
        type="radio"
        id={id}
        name="aggregation"
        className="mt-1 size-4 flex-none accent-(--accent)"
        checked={chosen === method}
        onChange={() => onChoose(method)}
        aria-describedby={`${id}-words`}
      />
      <div className="min-w-0">
        <label htmlFor={id} className={`flex items-center gap-1.5 font-semibold ${tone}`}>
          <Icon size={15} aria-hidden />
          {title}
        </label>
        <p className="text-12 text-fg-2" id={`${id}-words`}>
          {words}
        </p>
      </div>
    </div>
  );
}

/** Whose updates go into the sum: each enrolled site, and listed ones that are not enrolled any more. */
function DirectoryField({
  bound: { form, change, wrongOf, leave },
  sites,
}: {
  readonly bound: Bound;
  readonly sites: readonly SiteView[];
}) {
  const { directory } = form;
  const gone = directory.filter(({ site }) => !sites.some(({ name }) => name === site));
  const toggle = (name: string): void => {
    leave("directory");
    const rest = directory.filter(({ site }) => site !== name);
    const next = rest.length < directory.length ? rest : [...rest, listedSite(name as SiteName)];
    change({ directory: next.toSorted((a, b) => placeOf(sites, a) - placeOf(sites, b)) });
  };
  const wrong = wrongOf("directory");
  return (
    <fieldset aria-describedby="directory-numbers">
      <legend className="mb-1.5 text-12 font-medium text-fg-2">Directory: whose updates go into the sum</legend>
      <ul className="rounded-(--r-control) border border-line">
        {sites.map((site) => (
          <li key={site.name} className="border-t border-line px-3 py-2 first:border-t-0">
            <Check
              label={<span className="font-medium">{site.name}</span>}
              checked={directory.some((one) => one.site === site.name)}
              onChange={() => toggle(site.name)}
              hint={<span className="font-mono wrap-anywhere">{site.words.join(" ")}</span>}
            />
          </li>
        ))}
        {gone.map(({ site }) => (
          <li key={site} className="border-t border-line px-3 py-2 first:border-t-0">
            <Check label={site} checked onChange={() => toggle(site)} hint={<span className="text-bad">not enrolled here</span>} />
          </li>
        ))}
        {sites.length + gone.length === 0 && <li className="px-3 py-2 text-fg-2">No site has joined yet.</li>}
      </ul>
      <GroupWrong>{wrong}</GroupWrong>
      {sites.length < MIN_SITES && (
        <Link className="text-12 font-medium" href="/sites">
          Open Sites
        </Link>
      )}
      <p id="directory-numbers" className="hint mt-1.5">
        {numbersText(directory.length)} The words are each site’s fingerprint, as its steward sees it.
      </p>
    </fieldset>
  );
}

const placeOf = (sites: readonly SiteView[], { site }: ListedSite): number => {
  const at = sites.findIndex(({ name }) => name === site);
  return at === -1 ? sites.length : at;
};

/** What follows from the directory's size. */
function numbersText(size: number): string {
  if (size < MIN_SITES) return `${plural(size, "site")} ticked; a sum needs a directory of at least ${MIN_SITES}.`;
  const { threshold, liars } = numbersOf(size);
  return `${size} sites: a sum needs ${threshold} of them. It hides single updates while at most ${liars} of the ${size} ${liars === 1 ? "works" : "work"} with the coordinator against the rest.`;
}

function WeightFields({ bound: { form, change, figure } }: { readonly bound: Bound }) {
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <SelectField
        label="Weight of a site in the mean"
        value={form.weights}
        onChange={(event) => change({ weights: event.target.value as SecureAggregation["weights"] })}
        hint="Of its number of training patients. The coordinator sees the weights’ sum only."
      >
        <option value="bucketed">By order of magnitude</option>
        <option value="exact">By the exact number</option>
        <option value="equal">Every site counts the same</option>
      </SelectField>
      {form.weights !== "equal" && (
        <TextField label="Most patients counted of one site" {...figure("weightCap")} hint="A larger site counts as this." />
      )}
    </div>
  );
}

const ADVANCED: readonly FormKey[] = ["attempts", "phaseSeconds", "coordinateClip", "operators"];

/** Open while one of its values is wrong, so that no problem is out of sight. */
function Advanced({ bound }: { readonly bound: Bound }) {
  const [open, setOpen] = useState(false);
  const { form, change, figure, wrongOf, leave } = bound;
  const shown = open || ADVANCED.some((key) => wrongOf(key) !== undefined);
  const set = (site: string, part: Partial<ListedSite>): void =>
    change({ directory: form.directory.map((one) => (one.site === site ? { ...one, ...part } : one)) });
  return (
    <details open={shown} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="min-h-6 font-medium">Advanced</summary>
      <div className="mt-3 grid gap-4 sm:grid-cols-3">
        <TextField
          label="Attempts at a sum"
          {...figure("attempts")}
          hint="Each with fresh keys, where too many sites vanish before a share has left."
        />
        <TextField label="Longest exchange, s" {...figure("phaseSeconds")} hint="Of keys, shares, masked vectors and release, each." />
        <TextField
          label="Largest single value"
          {...figure("coordinateClip")}
          placeholder={form.clip}
          hint="Of an update; the encoding has room for this. Empty: as the clip."
        />
      </div>
      <fieldset className="mt-4">
        <legend className="mb-1.5 text-12 font-medium text-fg-2">Who runs each site</legend>
        <div className="grid gap-3">
          {form.directory.map(({ site, operator, withCoordinator }) => (
            <div key={site} className="grid items-end gap-x-4 gap-y-1 sm:grid-cols-2">
              <TextField
                label={`Operator of ${site}`}
                value={operator}
                autoComplete="off"
                onChange={(event) => set(site, { operator: event.target.value })}
                onBlur={() => leave("operators")}
              />
              <Check
                label="also runs the coordinator"
                checked={withCoordinator}
                onChange={(checked) => {
                  leave("operators");
                  set(site, { withCoordinator: checked });
                }}
              />
            </div>
          ))}
        </div>
        <GroupWrong>{wrongOf("operators")}</GroupWrong>
      </fieldset>
    </details>
  );
}
