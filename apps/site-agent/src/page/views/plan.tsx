/** A plan as a steward reads it: what it would do here, what changed, and the words to compare by phone. */
import { directoryWords } from "@engraft/core/secagg/directory";
import type { PlanLine } from "@engraft/core/models/plan-words";
import { reportLines, reportSummary } from "../../terminal/data-report.ts";
import { trialLine } from "../../terminal/engines.ts";
import type { PlanPicture } from "../picture.ts";
import type { Checked } from "../reviews.ts";
import { Hidden, type Shown } from "./layout.tsx";
import { Banner, Card, English, Verdict } from "./parts.tsx";

/** What is read first; everything else of the plan's words is one click away. */
const FIRST: ReadonlySet<string> = new Set(["Purpose", "Trains", "On", "Files", "Stays at the site", "Protection", "Leaves the site"]);

export function WouldDo({ t, plan, picture }: Shown & { readonly plan: PlanPicture }) {
  const { reading, checked } = plan;
  const first = reading.lines.filter(({ topic, warn }) => FIRST.has(topic) || warn === true);
  const rest = reading.lines.filter((line) => !first.includes(line));
  const { changes } = reading;
  const data = checked?.data ?? null;
  const training = checked?.training ?? null;
  return (
    <Card title={t.wouldDo} id="plan">
      <div className="in">
        <Lines lines={first} />
        <dl className="kv" data-live="" id="here">
          <dt>{t.neverSent}</dt>
          <dd>{t.neverSentWords}</dd>
          <dt>{t.dataHere}</dt>
          <dd>
            {checked === undefined ? (
              t.checking
            ) : data === null ? (
              checked.problem !== undefined ? (
                <English>{checked.problem}</English>
              ) : picture.tables.length === 0 ? (
                t.noTable
              ) : (
                t.severalTables
              )
            ) : (
              <English>
                {data.name}: {data.report === null ? data.problem : reportSummary(data.report)}
              </English>
            )}
            {data?.report !== null && data?.report !== undefined && data.report.findings.length > 0 && (
              <ul className="findings" lang="en">
                {reportLines(data.report)
                  .filter((line) => /^ {2}(PROBLEM|warning|note)/.test(line))
                  .map((line) => (
                    <li key={line}>{line.trim().replaceAll(/ {2,}/g, ": ")}</li>
                  ))}
              </ul>
            )}
          </dd>
          {training !== null && (
            <>
              <dt>{t.onThisMachine}</dt>
              <dd>
                <English>{trialLine(training)}</English>
              </dd>
            </>
          )}
        </dl>
        {rest.length > 0 && (
          <details>
            <summary>{t.more(rest.length)}</summary>
            <Lines lines={rest} />
          </details>
        )}
        {changes === null ? <p className="t2">{t.firstOfName}</p> : <Changes t={t} changes={changes} />}
      </div>
      <Verdicts t={t} data={data} training={training} />
    </Card>
  );
}

function Verdicts({ t, data, training }: Pick<Shown, "t"> & Pick<Checked, "data" | "training">) {
  return (
    <footer className="verdicts" data-live="" id="verdicts">
      <Verdict good text={t.signature} />
      <Verdict good text={t.noCode} />
      {data?.report !== null && data?.report !== undefined && (
        <Verdict
          good={data.report.ok}
          text={data.report.ok ? t.dataPassed(data.report.findings.filter(({ effect }) => effect !== "note").length) : t.dataFailed}
        />
      )}
      {training !== null && <Verdict good={training.can} text={training.can ? t.trialPassed : t.trialFailed} />}
    </footer>
  );
}

const Lines = ({ lines }: { readonly lines: readonly PlanLine[] }) => (
  <dl className="kv" lang="en">
    {lines.map(({ topic, words, warn }) => (
      <div key={topic} className={warn === true ? "warned" : undefined}>
        <dt>{topic}</dt>
        <dd>{warn === true ? `Warning: ${words}` : words}</dd>
      </div>
    ))}
  </dl>
);

const SIGNS = { added: "+", removed: "−", changed: "±" } as const;

function Changes({ t, changes }: Pick<Shown, "t"> & { readonly changes: NonNullable<PlanPicture["reading"]["changes"]> }) {
  return (
    <details>
      <summary>{t.compareWith(changes.since, changes.list.length)}</summary>
      <div className="scroll tall" role="region" tabIndex={0} aria-label={t.compareWith(changes.since, changes.list.length)}>
        <table className="diff" lang="en">
          <thead>
            <tr>
              <th scope="col" lang={t.code}>
                {t.path}
              </th>
              <th scope="col" lang={t.code}>
                {t.before}
              </th>
              <th scope="col" lang={t.code}>
                {t.after}
              </th>
            </tr>
          </thead>
          <tbody>
            {changes.list.map(({ kind, path, before, after }) => (
              <tr key={path}>
                <th scope="row">
                  {SIGNS[kind]} {path}
                </th>
                <td>{before === "" ? "" : <del>{before}</del>}</td>
                <td>{after === "" ? "" : <ins>{after}</ins>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

const Spoken = ({ words, label }: { readonly words: readonly string[]; readonly label: string }) => (
  <ol className="words" aria-label={label} lang="en">
    {words
      .map((word, at) => ({ word, place: `${at} of ${words.length}` }))
      .map(({ word, place }) => (
        <li key={place}>{word}</li>
      ))}
  </ol>
);

export const ByPhone = ({ t, plan }: Shown & { readonly plan: PlanPicture }) => (
  <Card title={t.comparePhone} id="phone">
    <div className="in stack">
      <Spoken words={plan.reading.words} label={t.comparePhone} />
      <p className="t2 s12">{t.comparePhoneMore}</p>
    </div>
  </Card>
);

/** Who takes part in a secure plan; marked as compared by what another steward has read aloud, not by a click. */
export function WhoTakesPart({
  t,
  base,
  plan,
  csrf,
  here,
  picture,
  heard,
}: Shown & { readonly plan: PlanPicture; readonly heard?: string | undefined }) {
  const { reading, directory, comparedBy } = plan;
  if (reading.directory === null) return null;
  if (directory === undefined)
    return (
      <Card title={t.directory} id="directory">
        <div className="in">
          <Banner kind="bad" title={t.failed}>
            <p lang="en">{"problem" in reading.directory ? reading.directory.problem : ""}</p>
          </Banner>
        </div>
      </Card>
    );
  const names = directory.sites.map(
    ({ site, operator }) => `${site}${operator === site ? "" : ` (${operator})`}${site === picture.site ? ` (${t.thisSite})` : ""}`,
  );
  const compared = comparedBy !== undefined;
  return (
    <Card
      title={t.directory}
      id="directory"
      end={<span className={`chip ${compared ? "ok" : "warn"}`}>{compared ? `${t.compared} · ${comparedBy}` : t.notCompared}</span>}
    >
      <div className="in stack">
        <p>{names.join(", ")}</p>
        <Spoken words={directoryWords(directory)} label={t.directory} />
        {!compared && (
          <form method="post" action={`${base}/compare`} className="stack">
            <Hidden csrf={csrf} here={here} />
            <input type="hidden" name="plan" value={plan.offered.digest} />
            <p className="t2 s12" id="directory-more">
              {t.directoryMore}
            </p>
            <label htmlFor="heard">{t.heard}</label>
            <textarea
              id="heard"
              name="heard"
              rows={3}
              required
              aria-describedby="directory-more"
              autoComplete="off"
              spellCheck={false}
              defaultValue={heard}
            />
            <button type="submit" className="btn">
              {t.compareWords}
            </button>
          </form>
        )}
      </div>
    </Card>
  );
}
