"use client";
/** The plan being written, as a form or as JSON text: how it is judged as it stands, and kept with each change. */
import type { BaseView, PlanSummary, SiteView } from "@engraft/coordinator/api/views";
import type { PublicKey, SiteName } from "@engraft/core/base/ids";
import type { Plan } from "@engraft/core/models/plan";
import type { EnrolledSite } from "@engraft/core/models/plan-draft";
import { useState } from "react";
import { useMe } from "../../../shell/session.tsx";
import { useWords } from "../../../words/language.ts";
import { draftKey, dropDraft, keepDraft, readDraft, type Draft } from "../draft/draft-store.ts";
import { useOtherTab } from "../draft/use-other-tab.ts";
import { lineAndColumn, placeOf, readJson, type JsonRead } from "../file/json-places.ts";
import { baseNamed, readPlanFile, violationsIn } from "../file/plan-file.ts";
import { pathText, type Violation } from "../file/violations.ts";
import { formFromBase, freshAggregation, type PlanForm } from "../form/plan-form.ts";
import { judge, type Judged, type JudgeWords } from "../form/plan-judge.ts";
import { ENTER_WORDS } from "../words/enter.ts";
import { VIOLATION_WORDS } from "../words/violations.ts";
import { wholeDraft, writtenFrom, type Written } from "../form/written-plan.ts";

export interface EditorProps {
  readonly bases: readonly BaseView[];
  readonly plans: readonly PlanSummary[];
  /** Enrolled now. */
  readonly sites: readonly SiteView[];
  readonly start: Plan | undefined;
  /** Digest of `start` where this is its next version: only then its aggregation is kept too. */
  readonly from: string | undefined;
}

/** What is wrong at a place of a text. */
export interface Placed {
  readonly path: string;
  readonly text: string;
  readonly english: boolean;
  readonly at: number;
  readonly line: number;
}

/** What became of JSON that filled the form. */
export interface Loaded {
  /** Of the file; undefined where it was pasted. */
  readonly name: string | undefined;
  readonly violations: readonly Placed[];
}

const enrolledOf = (sites: readonly SiteView[]): readonly EnrolledSite[] =>
  sites.map(({ name, key }) => ({ site: name as SiteName, publicKey: key as PublicKey }));

const fresh = (base: BaseView, enrolled: readonly EnrolledSite[]): Written => ({
  form: formFromBase(base, enrolled),
  base,
  source: undefined,
  renewed: [],
});

function begun({ bases, start, from }: EditorProps, enrolled: readonly EnrolledSite[]): Written {
  const base = bases.find(({ digest }) => digest === start?.base.manifest);
  const [first] = bases;
  if (start === undefined || base === undefined) {
    if (first === undefined) throw new Error("Bug: a plan editor without a base");
    return fresh(first, enrolled);
  }
  const written = writtenFrom(start, base, enrolled);
  return from === undefined ? { ...written, form: { ...written.form, ...freshAggregation(enrolled) } } : written;
}

const nextVersion = (plans: readonly PlanSummary[], name: string): number =>
  1 + Math.max(0, ...plans.filter((plan) => plan.name === name.trim()).map((plan) => plan.version));

function placed(
  text: string,
  read: JsonRead & { readonly ok: true },
  violations: readonly Violation[],
  { violations: words }: JudgeWords,
): readonly Placed[] {
  const twice = read.places.twice.map((path) => ({ path: [path], text: words.twice, english: false }));
  return [...twice, ...violations]
    .map(({ path, ...rest }) => {
      const at = placeOf(read.places, pathText(path));
      return { path: path.length === 0 ? words.plan : pathText(path), ...rest, at, line: lineAndColumn(text, at).line };
    })
    .toSorted((a, b) => a.at - b.at);
}

/** Of JSON text: each thing that is wrong, where it stands. */
function judgeText(text: string, bases: readonly BaseView[], enrolled: readonly EnrolledSite[], words: JudgeWords) {
  const read = readJson(text);
  if (!read.ok) {
    const { line, column } = lineAndColumn(text, read.at);
    const violations = [{ path: "JSON", text: words.violations.notJson(line, column), english: false, at: read.at, line }];
    return { violations, base: undefined, plan: undefined };
  }
  const violations = placed(text, read, violationsIn(read.json, { bases, enrolled, words }), words);
  const base = baseNamed(bases, read.json);
  return { violations, base, plan: violations.length === 0 ? judge(read.json, base, enrolled, words).plan : undefined };
}

const sentence = ({ path, text }: Placed): string => `${path}: ${text}`;

/** A text has no fields: each problem stands at its path. */
const saidOf = ({ plan, violations }: Pick<ReturnType<typeof judgeText>, "plan" | "violations">): Judged => ({
  plan,
  wrong: {},
  general: violations.map(sentence),
  english: violations.filter(({ english }) => english).map(sentence),
});

/** What is written, and kept in this browser with each change. */
function useKept(props: EditorProps, enrolled: readonly EnrolledSite[]) {
  const key = draftKey(useMe().id, props.from);
  const read = () => readDraft(localStorage, key, props.bases, enrolled);
  const [found] = useState(read);
  const [draft, setDraft] = useState<Draft>(() => found ?? { written: begun(props, enrolled), json: undefined });
  const [keptAt, setKeptAt] = useState<number | "nowhere" | undefined>(found?.at);
  useOtherTab(key, () => {
    const other = read();
    // Proposed or discarded there: what stands here stays, and is kept again once something changes.
    setKeptAt(other?.at);
    if (other !== undefined) setDraft({ written: other.written, json: other.json });
  });
  const update = (next: Draft): void => {
    const at = Date.now();
    setDraft(next);
    setKeptAt(keepDraft(localStorage, key, next, at) ? at : "nowhere");
  };
  return { draft, setDraft, update, keptAt, found: found !== undefined, drop: (): void => dropDraft(localStorage, key) };
}

export function useDraft(props: EditorProps) {
  const { bases, plans, sites } = props;
  const words: JudgeWords = { enter: useWords(ENTER_WORDS), violations: useWords(VIOLATION_WORDS) };
  const enrolled = enrolledOf(sites);
  const { draft, setDraft, update, keptAt, found, drop } = useKept(props, enrolled);
  const [loaded, setLoaded] = useState<Loaded | undefined>(undefined);
  const { written, json } = draft;
  const version = nextVersion(plans, written.form.name);
  const whole = wholeDraft(written, version, enrolled);
  const wholeText = JSON.stringify(whole, null, 2);
  const text = json === undefined ? undefined : judgeText(json, bases, enrolled, words);
  const judged = text === undefined ? judge(whole, written.base, enrolled, words) : saidOf(text);
  /** True where it is JSON, so that the form shows what it can of it. */
  const fill = (from: string, name: string | undefined): boolean => {
    const read = readJson(from);
    if (!read.ok) {
      update({ written, json: from });
      return false;
    }
    const file = readPlanFile(read.json, written.base, { bases, enrolled, words });
    update({ written: file.written, json: undefined });
    setLoaded({ name, violations: placed(from, read, file.violations, words) });
    return true;
  };
  return {
    ...draft,
    enrolled,
    version,
    judged,
    judgedBase: text === undefined ? written.base : text.base,
    /** Of the JSON text. */
    violations: text?.violations ?? [],
    loaded,
    keptAt,
    /** Whether it was there when the page opened. */
    found,
    change: (part: Partial<PlanForm>): void => update({ written: { ...written, form: { ...written.form, ...part } }, json }),
    chooseBase: (digest: string): void => {
      const base = bases.find((each) => each.digest === digest);
      if (base === undefined) return;
      const next = fresh(base, enrolled);
      update({ written: { ...next, form: { ...next.form, purpose: written.form.purpose } }, json: undefined });
    },
    setJson: (next: string): void => update({ written, json: next }),
    toJson: (): void => setDraft({ written, json: wholeText }),
    /** False where nothing was taken: the text is as the form wrote it, or no JSON, and then it stays. */
    toForm: (): boolean => {
      if (json === undefined || json === wholeText) {
        setDraft({ written, json: undefined });
        return false;
      }
      return fill(json, undefined);
    },
    fill,
    /** The text is let go; the form stands as it was. */
    leaveText: (): void => update({ written, json: undefined }),
    closeLoaded: (): void => setLoaded(undefined),
    drop,
  };
}
