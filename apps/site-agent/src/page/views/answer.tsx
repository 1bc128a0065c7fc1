/** The steward's answer: as it is, with limits, or no. Works without scripts; style alone shows what belongs to the chosen one. */
import type { ReactNode } from "react";
import { limitsInWords } from "../../rules/limits.ts";
import { timeText } from "../../rules/hours.ts";
import type { Limits } from "../../rules/limits.ts";
import type { PlanPicture } from "../picture.ts";
import type { Words } from "../words.ts";
import { Hidden, type Shown } from "./layout.tsx";
import { Banner, Card, English, timeOf } from "./parts.tsx";

/** What was entered before, as it was entered. */
export type Entered = Readonly<Record<string, string>>;

interface AnswerProps extends Shown {
  readonly plan: PlanPicture;
  readonly entered: Entered;
}

export function Answer(props: AnswerProps) {
  const { t, plan } = props;
  const { decision, standing } = plan;
  if (standing === "withdrawn") return null;
  if (decision === undefined)
    return (
      <Card title={t.answer} id="answer">
        <AnswerForm {...props} />
      </Card>
    );
  const { approval, limits, recorded } = decision;
  const words = limitsInWords(limits);
  return (
    <Card title={t.answer} id="answer">
      <div className="in stack" data-live="" id="answered">
        <p className="b cap">{t.decidedBy(t.standing[standing], approval.steward, timeOf(t, approval.at))}</p>
        {words.length > 0 && (
          <ul className="plain" lang="en">
            {words.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        )}
        {approval.decision === "refused" && approval.reason !== null && <p lang="en">“{approval.reason}”</p>}
        {!recorded && <p className="t2">{t.toCoordinator}</p>}
      </div>
      <details className="again" open={Object.keys(props.entered).length > 0}>
        <summary>{t.answerAgain}</summary>
        <p className="in t2 s12">{t.answerAgainMore}</p>
        <AnswerForm {...props} />
      </details>
    </Card>
  );
}

/** Why it cannot be approved now. */
function blocks({ t, plan }: Pick<AnswerProps, "t" | "plan">): readonly { readonly key: string; readonly line: ReactNode }[] {
  const { breaks, reading, comparedBy, checked } = plan;
  return [
    ...(breaks === undefined ? [] : [{ key: "policy", line: <English>{breaks}</English> }]),
    ...(reading.directory !== null && comparedBy === undefined
      ? [{ key: "compare", line: <a href="#directory">{t.needsCompare}</a> }]
      : []),
    ...(checked?.training?.can === false ? [{ key: "trial", line: t.needsTrial }] : []),
  ];
}

function AnswerForm(props: AnswerProps) {
  const { t, base, csrf, here, steward, plan, picture, entered } = props;
  const why = blocks(props);
  const blocked = why.length > 0;
  // What only waits for a call is not to be refused by a click that nobody thought about.
  const chosen = why.some(({ key }) => key !== "compare") ? "refuse" : (entered["answer"] ?? "");
  const { perSite } = plan.offered.plan.metrics;
  return (
    <form method="post" action={`${base}/decide`} className="answer" data-entered="">
      <Hidden csrf={csrf} here={here} />
      <input type="hidden" name="plan" value={plan.offered.digest} />
      {blocked && (
        <div className="in">
          <Banner kind="warn" title={t.cannotApprove}>
            <ul className="plain">
              {why.map(({ key, line }) => (
                <li key={key}>{line}</li>
              ))}
            </ul>
          </Banner>
        </div>
      )}
      <fieldset>
        <legend className="unseen">{t.answer}</legend>
        <Choice name="as-is" title={t.asItIs} more={t.asItIsMore} chosen={chosen} disabled={blocked} />
        <Choice name="limits" title={t.withLimits} more={t.withLimitsMore} chosen={chosen} disabled={blocked}>
          <LimitFields t={t} entered={entered} processors={picture.processors} rounds={plan.offered.plan.rounds.count} />
        </Choice>
        <Choice name="refuse" title={t.refuse} more={t.refuseMore} chosen={chosen}>
          <label htmlFor="reason">{t.reason}</label>
          <textarea id="reason" name="reason" rows={2} maxLength={500} defaultValue={entered["reason"]} />
        </Choice>
      </fieldset>
      {!blocked && (
        <div className="for-approval in stack">
          {picture.tables.length > 1 && (
            <div className="field">
              <label htmlFor="data">{t.table}</label>
              <select id="data" name="data" defaultValue={entered["data"]}>
                {picture.tables.map((table) => (
                  <option key={table}>{table}</option>
                ))}
              </select>
            </div>
          )}
          {perSite && picture.policy.ownFigures && (
            <Tick name="siteMetrics" entered={entered["siteMetrics"] === "on"} title={t.ownFigures} more={t.ownFiguresMore} />
          )}
        </div>
      )}
      <Sign t={t} steward={steward} blocked={blocked} />
    </form>
  );
}

function Sign({ t, steward, blocked }: Pick<Shown, "t" | "steward"> & { readonly blocked: boolean }) {
  return (
    <footer>
      <p className="t2 s12">{t.signedNote(steward)}</p>
      <div className="row">
        {!blocked && (
          <>
            <button type="submit" className="btn primary go-as-is">
              {t.approvePlan}
            </button>
            <button type="submit" className="btn primary go-limits">
              {t.approveLimits}
            </button>
          </>
        )}
        <button type="submit" className="btn danger go-refuse">
          {t.refusePlan}
        </button>
      </div>
    </footer>
  );
}

function Choice({
  name,
  title,
  more,
  chosen,
  disabled,
  children,
}: {
  readonly name: string;
  readonly title: string;
  readonly more: string;
  readonly chosen: string;
  readonly disabled?: boolean;
  readonly children?: ReactNode;
}) {
  return (
    <div className={`choice choice-${name}`}>
      <input
        type="radio"
        id={`answer-${name}`}
        name="answer"
        value={name}
        required
        defaultChecked={chosen === name}
        disabled={disabled}
        aria-describedby={`more-${name}`}
      />
      <div className="grow">
        <label htmlFor={`answer-${name}`} className="b">
          {title}
        </label>
        <p className="t2 s12" id={`more-${name}`}>
          {more}
        </p>
        {children !== undefined && <div className="fields">{children}</div>}
      </div>
    </div>
  );
}

export function Tick({
  name,
  title,
  more,
  entered,
}: {
  readonly name: string;
  readonly title: string;
  readonly more?: string;
  readonly entered: boolean;
}) {
  return (
    <div className="tick">
      <input type="checkbox" id={name} name={name} value="on" defaultChecked={entered} />
      <label htmlFor={name}>
        {title} {more !== undefined && <span className="t3">{more}</span>}
      </label>
    </div>
  );
}

/** As the form's fields hold them. */
export const enteredOf = ({ hours, threads, maxRounds, minSites }: Limits): Entered =>
  Object.fromEntries(
    Object.entries({ from: hours && timeText(hours.from), to: hours && timeText(hours.to), threads, maxRounds, minSites }).flatMap(
      ([name, value]) => (value === undefined ? [] : [[name, String(value)]]),
    ),
  );

export function LimitFields({
  t,
  entered,
  processors,
  rounds,
}: {
  readonly t: Words;
  readonly entered: Entered;
  readonly processors: number;
  /** Of the plan; without one any number. */
  readonly rounds?: number;
}) {
  const number = (name: string, label: string, least: number, most: number, hint?: string) => (
    <div className="field">
      <label htmlFor={name}>{label}</label>
      <input
        id={name}
        name={name}
        type="number"
        inputMode="numeric"
        min={least}
        max={most}
        defaultValue={entered[name]}
        {...(hint === undefined ? {} : { "aria-describedby": `${name}-hint` })}
      />
      {hint !== undefined && (
        <span className="t3 s12" id={`${name}-hint`}>
          {hint}
        </span>
      )}
    </div>
  );
  const time = (name: string, label: string, example: string) => (
    <div className="field">
      <label htmlFor={name}>{label}</label>
      <input
        id={name}
        name={name}
        inputMode="numeric"
        pattern="\d{1,2}:[0-5]\d"
        placeholder={example}
        maxLength={5}
        defaultValue={entered[name]}
        aria-describedby="hours-hint"
      />
    </div>
  );
  return (
    <div className="limits">
      <div className="hours">
        {time("from", t.hoursFrom, "20:00")}
        {time("to", t.hoursTo, "06:00")}
        <span className="t3 s12" id="hours-hint">
          {t.hoursHint}
        </span>
      </div>
      {number("threads", rounds === undefined ? t.cpuThreads : t.threads(processors), 1, processors)}
      {number("maxRounds", rounds === undefined ? t.lastRound : t.maxRounds(rounds), 1, rounds ?? 10_000)}
      {number("minSites", t.minSites, 3, 100, t.minSitesHint)}
    </div>
  );
}
