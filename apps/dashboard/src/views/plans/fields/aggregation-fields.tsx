"use client";
import type { SiteView } from "@engraft/coordinator/api/views";
import type { SiteName } from "@engraft/core/base/ids";
import type { AggregationMethod, SecureAggregation } from "@engraft/core/models/aggregation";
import { MIN_SITES, numbersOf } from "@engraft/core/models/directory-numbers";
import { PLAIN_AGGREGATION_WARNING } from "@engraft/core/models/plan-words";
import { Eye, ShieldCheck } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { Card } from "../../../parts/card.tsx";
import { Note } from "../../../parts/chip.tsx";
import { Check, GroupWrong, SelectField, TextField } from "../../../parts/field.tsx";
import type { Bound } from "../form/bound.ts";
import { Choice } from "./choice.tsx";
import { listedSite, type FormKey, type ListedSite, type PlanForm } from "../form/plan-form.ts";
import { useWords } from "../../../words/language.ts";
import { formWords } from "../form/form-words.ts";
import { editorWords } from "../words/editor.ts";

/** How updates are added up. Secure is what a plan gets; plain is chosen knowingly. */
export function AggregationSection({ bound, sites }: { readonly bound: Bound; readonly sites: readonly SiteView[] }) {
  const words = useWords(formWords);
  const { form, change } = bound;
  // Plain rounds make no sum, so without the sites' own figures there would be none.
  const choose = (method: AggregationMethod): void => change({ method, perSite: method === "plain" });
  return (
    <Card title={words.aggregation} aside={words.whoCanReadAnUpdate} padded>
      {/* A summary is a sum: in plain there is none. */}
      {form.makes === "model" && (
        <fieldset className="mb-4 grid gap-2 sm:grid-cols-2">
          <legend className="sr-only">{words.howUpdatesAreAddedUp}</legend>
          <Method method="secure" chosen={form.method} onChoose={choose} />
          <Method method="plain" chosen={form.method} onChoose={choose} />
        </fieldset>
      )}
      {form.method === "plain" ? (
        <div>
          <Note tone="bad" edge role="alert" icon={<Eye size={16} aria-hidden />}>
            <b className="font-semibold">{PLAIN_AGGREGATION_WARNING}</b>
            {words.itNeverReceivesRecordsButAn}
          </Note>
        </div>
      ) : (
        <div className="grid gap-4">
          <DirectoryField bound={bound} sites={sites} />
          <WeightFields bound={bound} />
          <Advanced bound={bound} />
        </div>
      )}
    </Card>
  );
}

const CHOICES = { secure: { icon: ShieldCheck, tone: "text-accent" }, plain: { icon: Eye, tone: "text-bad" } } as const;

interface MethodProps {
  readonly method: AggregationMethod;
  readonly chosen: AggregationMethod;
  readonly onChoose: (method: AggregationMethod) => void;
}

function Method({ method, chosen, onChoose }: MethodProps) {
  const words = useWords(formWords);
  const { icon: Icon, tone } = CHOICES[method];
  const { title, says } = {
    secure: { title: words.secure, says: words.theCoordinatorSeesOnlyTheSum },
    plain: { title: words.plain, says: words.theCoordinatorCanReadEachSites },
  }[method];
  return (
    <Choice
      group="aggregation"
      label={title}
      icon={<Icon size={15} aria-hidden />}
      tone={tone}
      says={says}
      chosen={chosen === method}
      onChoose={() => onChoose(method)}
    />
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
  const words = useWords(formWords);
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
      <legend className="mb-1.5 text-12 font-medium text-fg-2">{words.directoryWhoseUpdatesGoIntoThe}</legend>
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
            <Check label={site} checked onChange={() => toggle(site)} hint={<span className="text-bad">{words.notEnrolledHere}</span>} />
          </li>
        ))}
        {sites.length + gone.length === 0 && <li className="px-3 py-2 text-fg-2">{words.noSiteHasJoinedYet}</li>}
      </ul>
      <GroupWrong>{wrong}</GroupWrong>
      {sites.length < MIN_SITES && (
        <Link className="text-12 font-medium" href="/sites">
          {words.openSites}
        </Link>
      )}
      <p id="directory-numbers" className="hint mt-1.5">
        {numbersText(directory.length, words)} {words.theWordsAreEachSitesFingerprint}
      </p>
    </fieldset>
  );
}

const placeOf = (sites: readonly SiteView[], { site }: ListedSite): number => {
  const at = sites.findIndex(({ name }) => name === site);
  return at === -1 ? sites.length : at;
};

/** What follows from the directory's size. */
function numbersText(size: number, words: typeof formWords.en): string {
  if (size < MIN_SITES) return words.tooFewTicked(size, MIN_SITES);
  const { threshold, liars } = numbersOf(size);
  return words.directoryHolds(size, threshold, liars);
}

function WeightFields({ bound: { form, change, figure } }: { readonly bound: Bound }) {
  const words = useWords(formWords);
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <SelectField
        label={words.weightOfASiteInThe}
        value={form.weights}
        onChange={(event) => change({ weights: event.target.value as SecureAggregation["weights"] })}
        hint={words.ofItsNumberOfTrainingPatients}
      >
        <option value="bucketed">{words.byOrderOfMagnitude}</option>
        <option value="exact">{words.byTheExactNumber}</option>
        <option value="equal">{words.everySiteCountsTheSame}</option>
      </SelectField>
      {form.weights !== "equal" && (
        <TextField label={words.mostPatientsCountedOfOneSite} {...figure("weightCap")} hint={words.aLargerSiteCountsAsThis} />
      )}
    </div>
  );
}

const ADVANCED: readonly FormKey[] = ["attempts", "phaseSeconds", "coordinateClip", "operators"];

/** Open while one of its values is wrong, so that no problem is out of sight. */
function Advanced({ bound }: { readonly bound: Bound }) {
  const words = useWords(formWords);
  const editor = useWords(editorWords);
  const [open, setOpen] = useState(false);
  const { form, change, figure, wrongOf, leave } = bound;
  const shown = open || ADVANCED.some((key) => wrongOf(key) !== undefined);
  const set = (site: string, part: Partial<ListedSite>): void =>
    change({ directory: form.directory.map((one) => (one.site === site ? { ...one, ...part } : one)) });
  return (
    <details open={shown} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="min-h-6 font-medium">{words.advanced}</summary>
      <div className="mt-3 grid gap-4 sm:grid-cols-3">
        <TextField label={words.attemptsAtASum} {...figure("attempts")} hint={words.eachWithFreshKeysWhereToo} />
        <TextField label={words.longestExchangeS} {...figure("phaseSeconds")} hint={words.ofKeysSharesMaskedVectorsAnd} />
        <TextField
          label={words.largestSingleValue}
          {...figure("coordinateClip")}
          placeholder={form.clip}
          hint={words.ofAnUpdateTheEncodingHas}
        />
        <SelectField
          label={editor.encoding}
          value={form.encoding}
          onChange={(event) => change({ encoding: event.target.value as PlanForm["encoding"] })}
          hint={editor.encodingHint}
        >
          <option value="full">{editor.encodings.full}</option>
          <option value="compact">{editor.encodings.compact}</option>
        </SelectField>
      </div>
      <fieldset className="mt-4">
        <legend className="mb-1.5 text-12 font-medium text-fg-2">{words.whoRunsEachSite}</legend>
        <div className="grid gap-3">
          {form.directory.map(({ site, operator, withCoordinator }) => (
            <div key={site} className="grid items-end gap-x-4 gap-y-1 sm:grid-cols-2">
              <TextField
                label={words.operatorOf(site)}
                value={operator}
                autoComplete="off"
                onChange={(event) => set(site, { operator: event.target.value })}
                onBlur={() => leave("operators")}
              />
              <Check
                label={words.alsoRunsTheCoordinator}
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
