/** The right-hand column: what left, what happens now, and the standing policy. */
import { hoursText, minuteOfDay, within } from "../../rules/hours.ts";
import { policyInWords } from "../../rules/limits.ts";
import type { Leaving } from "../left.ts";
import type { Shown } from "./layout.tsx";
import { Card, English, Icon, sizeOf, stampOf, timeOf, timeTag } from "./parts.tsx";

const DAYS_30 = 30 * 86_400_000;
/** More rows than anybody reads; the export holds them all. */
const MOST_ROWS = 500;

/** What the agent wrote down, in the words of the secure protocol's phases. */
const KINDS: Readonly<Record<string, string>> = {
  update: "Update",
  evaluation: "Evaluation",
  decision: "Decision, signed",
  advert: "Keys, signed",
  deal: "Key shares, sealed",
  masked: "Masked vector",
  echo: "Confirmation",
  release: "Shares for the sum",
  complaint: "Complaint",
  answer: "Answer to a complaint",
};

export function WhatLeft(props: Shown & { readonly range: "30" | "all" }) {
  const { t, base, here, picture, range } = props;
  const { entries, verdict } = picture.left;
  const shown = range === "all" ? entries : entries.filter(({ at }) => at > picture.at - DAYS_30);
  const total = shown.reduce((sum, { bytes }) => sum + bytes, 0);
  const [figure, unit] = sizeOf(t, total);
  const link = (to: "30" | "all", text: string) => (
    <a href={`${base}/${here}${to === "all" ? "?left=all" : ""}#left`} aria-current={range === to}>
      {text}
    </a>
  );
  return (
    <Card
      title={t.left}
      id="left"
      live
      end={
        <nav className="seg" aria-label={t.left}>
          {link("30", t.days30)}
          {link("all", t.all)}
        </nav>
      }
    >
      <dl className="facts">
        <div>
          <dt>{t.sent}</dt>
          <dd>
            {figure} <small>{unit}</small>
          </dd>
        </div>
        <div>
          <dt>{t.messages}</dt>
          <dd>{shown.length.toLocaleString(t.locale)}</dd>
        </div>
        <div>
          <dt>{t.patientRows}</dt>
          <dd>0</dd>
        </div>
      </dl>
      {shown.length === 0 ? (
        <p className="empty">{range === "all" ? t.nothingLeft : t.nothingLeft30}</p>
      ) : (
        <LeftTable {...props} entries={shown.slice(0, MOST_ROWS)} />
      )}
      {shown.length > MOST_ROWS && <p className="empty">{t.notShown(shown.length - MOST_ROWS)}</p>}
      <footer>
        <Chain {...props} />
        {verdict !== undefined && (
          <a className="btn small" href={`${base}/log.jsonl`} download>
            <Icon name="download" />
            {t.exportLog}
          </a>
        )}
      </footer>
    </Card>
  );
}

function Chain({ t, picture }: Shown) {
  const { verdict } = picture.left;
  if (verdict === undefined) return <span className="t2 s12">{t.noLog}</span>;
  return verdict.ok ? (
    <span className="verdict ok">
      <Icon name="shield" />
      {t.chain(verdict.entries)}
    </span>
  ) : (
    <span className="verdict bad">
      <Icon name="cross" />
      <span>
        {t.chainBroken}. <English>{verdict.text}</English>
      </span>
    </span>
  );
}

function LeftTable({ t, picture, entries }: Shown & { readonly entries: readonly Leaving[] }) {
  const planName = (digest: string): string | undefined => {
    const found = picture.plans.find(({ offered }) => offered.digest === digest);
    return found === undefined ? undefined : `${found.offered.plan.name} v${found.offered.plan.version}`;
  };
  return (
    <div className="scroll tall" role="region" tabIndex={0} aria-label={`${t.left}: ${t.messages}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t.when}</th>
            <th scope="col">{t.what}</th>
            <th scope="col">{t.forWhat}</th>
            <th scope="col" className="n">
              {t.bytes}
            </th>
          </tr>
        </thead>
        <tbody>
          {entries.map(({ seq, at, what, subject, round, bytes, again }) => (
            <tr key={seq} data-seq={seq}>
              <td className="mono t2">{timeTag(at, stampOf(t, at))}</td>
              <td>
                <English>{KINDS[what] ?? what}</English>
                {again && <span className="t3"> ({t.again})</span>}
              </td>
              <td className="t2">
                {planName(subject) ?? subject}
                {round !== undefined && `, ${t.round(round)}`}
              </td>
              <td className="n">{bytes.toLocaleString(t.locale)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Now({ t, picture }: Shown) {
  const { state, running, policy, plans, at } = picture;
  const working = running ? (state?.working ?? null) : null;
  const windows = [policy.hours, ...plans.flatMap(({ decision, standing }) => (standing === "approved" ? [decision?.limits.hours] : []))];
  const waits = windows.find((hours) => hours !== undefined && !within(hours, minuteOfDay(at)));
  const online = running && state?.online === true;
  return (
    <Card title={t.now} id="now" live>
      <dl className="kv in" {...announcement(t, state?.lastAnswer ?? null)}>
        <dt>{t.connection}</dt>
        <dd>
          {online ? t.connected : running ? t.notConnected : t.agentStopped}
          {online && state !== undefined && <span className="t3"> · {timeOf(t, state.since)}</span>}
        </dd>
        {working === null ? (
          <>
            <dt>{t.now}</dt>
            <dd>{waits === undefined ? t.idle : t.waitsForHours(hoursText(waits))}</dd>
          </>
        ) : (
          <>
            <dt>{t.working(working.run, working.round)}</dt>
            <dd>
              {t.phase[working.phase] ?? working.phase}
              {working.total > 0 && (
                <progress
                  max={working.total}
                  value={Math.min(working.done, working.total)}
                  aria-label={t.phase[working.phase] ?? working.phase}
                />
              )}
            </dd>
          </>
        )}
        {state?.lastAnswer !== null && state?.lastAnswer !== undefined && (
          <>
            <dt>{t.lastAnswer}</dt>
            <dd>
              {t.working(state.lastAnswer.run, state.lastAnswer.round)} <span className="t3">{timeOf(t, state.lastAnswer.at)}</span>
            </dd>
          </>
        )}
        {state?.lastDecline !== null && state?.lastDecline !== undefined && (
          <>
            <dt>{t.lastDecline}</dt>
            <dd>
              {t.working(state.lastDecline.run, state.lastDecline.round)} <span className="t3">{timeOf(t, state.lastDecline.at)}</span>
              <br />
              <English>{state.lastDecline.text}</English>
            </dd>
          </>
        )}
        <dt>{t.agent}</dt>
        <dd>
          {state?.version ?? "–"}
          {state?.engine !== null && state?.engine !== undefined && <span className="t3"> · {state.engine}</span>}
        </dd>
      </dl>
    </Card>
  );
}

/** Spoken when it changes; only the end of a round is. */
function announcement(t: Shown["t"], last: { readonly run: string; readonly round: number } | null) {
  return last === null ? {} : { "data-announce": t.roundDone(last.run, last.round) };
}

export function PolicyCard({ t, base, picture }: Shown) {
  const { signedPolicy } = picture;
  const words = signedPolicy === undefined ? [] : policyInWords(signedPolicy.policy);
  return (
    <Card
      title={t.policy}
      id="policy"
      end={
        <a className="btn small" href={`${base}/policy`}>
          {t.changePolicy}
        </a>
      }
    >
      <div className="in">
        {words.length === 0 ? (
          <p className="t2">{t.noPolicy}</p>
        ) : (
          <ul className="plain" lang="en">
            {words.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        )}
      </div>
    </Card>
  );
}
