/** Whole pages. */
import type { PlanPicture, PlanRow } from "../picture.ts";
import type { Words } from "../words.ts";
import { Answer, enteredOf, LimitFields, Tick, type Entered } from "./answer.tsx";
import { Document, Hidden, Page, type Shown } from "./layout.tsx";
import { limitsInWords } from "../../rules/limits.ts";
import { Banner, Card, dayOf, Icon, timeOf } from "./parts.tsx";
import { ByPhone, WhoTakesPart, WouldDo } from "./plan.tsx";
import { Now, PolicyCard, WhatLeft } from "./side.tsx";
import { Wordmark } from "./wordmark.tsx";

interface HomeProps extends Shown {
  readonly plan: PlanPicture | undefined;
  readonly range: "30" | "all";
  readonly entered: Entered;
}

const nameOf = ({ offered }: PlanRow): string => `${offered.plan.name} v${offered.plan.version}`;

export function HomePage(props: HomeProps) {
  const { t, plan, picture, entered } = props;
  const title = plan === undefined ? t.nothingWaits : plan.standing === "waiting" ? t.asked(nameOf(plan)) : t.decidedPlan(nameOf(plan));
  return (
    <Page {...props} title={title}>
      <div className="title">
        <h1>{title}</h1>
        <p className="t2">
          {plan === undefined
            ? t.nothingWaitsMore
            : (plan.standing === "waiting" ? t.askedFrom : t.offeredBy)(picture.coordinator, dayOf(t, plan.offered.offeredAt))}
        </p>
      </div>
      <div className="cols">
        <div className="stack main">
          {plan !== undefined && (
            <>
              <WouldDo {...props} plan={plan} />
              <Answer {...props} plan={plan} />
            </>
          )}
          <Plans {...props} />
          {plan === undefined && <Beside {...props} />}
        </div>
        <div className="stack">
          {plan !== undefined && (
            <>
              <ByPhone {...props} plan={plan} />
              <WhoTakesPart {...props} plan={plan} heard={entered["heard"]} />
            </>
          )}
          <WhatLeft {...props} />
          {plan !== undefined && <Beside {...props} />}
        </div>
      </div>
    </Page>
  );
}

const Beside = (shown: Shown) => (
  <>
    <Now {...shown} />
    <PolicyCard {...shown} />
  </>
);

function Plans({ t, base, picture, plan }: HomeProps) {
  return (
    <Card title={t.plans} id="plans" live>
      {picture.plans.length === 0 ? (
        <p className="empty">{t.noPlans}</p>
      ) : (
        <ul className="rows">
          {picture.plans.map((row) => {
            const { decision, standing, offered } = row;
            const limits = limitsInWords(decision?.limits ?? {});
            return (
              <li key={offered.digest}>
                <a href={`${base}/plan/${offered.digest}`} aria-current={offered.digest === plan?.offered.digest ? "page" : undefined}>
                  {nameOf(row)}
                </a>
                <span className={`chip ${{ waiting: "warn", approved: "ok", refused: "bad", withdrawn: "neutral" }[standing]}`}>
                  {t.standing[standing]}
                </span>
                {decision !== undefined && (
                  <span className="t3 s12">
                    {decision.approval.steward}, {timeOf(t, decision.approval.at)}
                  </span>
                )}
                {limits.length > 0 && (
                  <span className="t2 s12" lang="en">
                    {limits.join("; ")}
                  </span>
                )}
              </li>
            );
          })}
        </ul>
      )}
    </Card>
  );
}

export function PolicyPage(props: Shown & { readonly entered: Entered | undefined }) {
  const { t, base, csrf, here, steward, picture } = props;
  const { policy, signedPolicy } = picture;
  const entered: Entered = props.entered ?? {
    ...enteredOf(policy),
    ...(policy.headOnly ? { headOnly: "on" } : {}),
    ...(policy.secureOnly ? { secureOnly: "on" } : {}),
    ...(policy.ownFigures ? {} : { keepFigures: "on" }),
  };
  return (
    <Page {...props} title={t.policyTitle}>
      <div className="title">
        <p>
          <a href={`${base}/`}>{t.back}</a>
        </p>
        <h1>{t.policyTitle}</h1>
        <p className="t2">{t.policyMore}</p>
      </div>
      <Card title={t.policy} id="policy-form">
        <form method="post" action={`${base}/policy`} className="answer">
          <Hidden csrf={csrf} here={here} />
          <div className="in stack">
            <Tick name="headOnly" title={t.headOnly} entered={entered["headOnly"] === "on"} />
            <Tick name="secureOnly" title={t.secureOnly} entered={entered["secureOnly"] === "on"} />
            <Tick name="keepFigures" title={t.keepFigures} entered={entered["keepFigures"] === "on"} />
            <LimitFields t={t} entered={entered} processors={picture.processors} />
          </div>
          <footer>
            <p className="t2 s12">
              {t.policyNote(steward)} {signedPolicy !== undefined && t.setBy(signedPolicy.steward, timeOf(t, signedPolicy.at))}
            </p>
            <button type="submit" className="btn primary">
              {t.savePolicy}
            </button>
          </footer>
        </form>
      </Card>
    </Page>
  );
}

interface Bare {
  readonly t: Words;
  readonly base: string;
}

/** In front of a session: nothing of the site is told here but its name, and that only to a good link. */
export function DoorPage({
  t,
  base,
  code,
  site,
  wrong,
}: Bare & { readonly code: string; readonly site: string; readonly wrong?: string | undefined }) {
  return (
    <Document t={t} base={base} title={t.doorTitle}>
      <main id="content" className="door" tabIndex={-1}>
        <Wordmark />
        <div>
          <h1>{t.doorTitle}</h1>
          <p className="t2">
            <span className="bb">{site}</span> {t.sitePage} · <Icon name="lock" /> {t.thisMachineOnly}
          </p>
        </div>
        {wrong !== undefined && (
          <div role="alert">
            <Banner kind="bad" title={t.failed}>
              <p lang="en">{wrong}</p>
            </Banner>
          </div>
        )}
        <form method="post" action={`${base}/enter`} className="stack">
          <input type="hidden" name="code" value={code} />
          <label htmlFor="steward">{t.name}</label>
          <input id="steward" name="steward" autoComplete="name" required maxLength={120} aria-describedby="door-more" />
          <p className="t2 s12" id="door-more">
            {t.doorMore}
          </p>
          <button type="submit" className="btn primary">
            {t.open}
          </button>
        </form>
      </main>
    </Document>
  );
}

export const ClosedPage = ({ t, base, title, text }: Bare & { readonly title: string; readonly text: string }) => (
  <Document t={t} base={base} title={title}>
    <main id="content" className="door" tabIndex={-1}>
      <Wordmark />
      <h1>{title}</h1>
      <p className="t2">{text}</p>
    </main>
  </Document>
);
