/** What surrounds every page: head, top bar with the one switch, banners, foot. */
import type { ReactNode } from "react";
import type { Picture } from "../picture.ts";
import type { Language, Words } from "../words.ts";
import { Banner, English, Icon, timeOf } from "./parts.tsx";
import { Wordmark } from "./wordmark.tsx";

export interface Shown {
  readonly t: Words;
  /** First part of every address. */
  readonly base: string;
  /** Where a form comes back to. */
  readonly here: string;
  readonly csrf: string;
  readonly steward: string;
  readonly picture: Picture;
  /** What was asked for and not done. */
  readonly error?: { readonly text: string; readonly code: string } | undefined;
}

export const Document = ({
  t,
  base,
  title,
  address,
  children,
}: {
  readonly t: Words;
  readonly base: string;
  readonly title: string;
  /** Where what is shown is read again from while it is open; without one it stays as it is. */
  readonly address?: string;
  readonly children: ReactNode;
}) => (
  <html lang={t.code}>
    <head>
      <meta charSet="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>{`${title} · Engraft`}</title>
      <link rel="stylesheet" href={`${base}/page.css`} />
      {address !== undefined && <script src={`${base}/page.js`} defer />}
    </head>
    <body data-address={address}>
      <a className="skip" href="#content">
        {t.skip}
      </a>
      {children}
    </body>
  </html>
);

/** What every form carries: who sends it, and where it goes on. */
export const Hidden = ({ csrf, here }: Pick<Shown, "csrf" | "here">) => (
  <>
    <input type="hidden" name="csrf" value={csrf} />
    <input type="hidden" name="here" value={here} />
  </>
);

export function Page(shown: Shown & { readonly title: string; readonly children: ReactNode }) {
  const { t, base, picture, title, children, error, here } = shown;
  return (
    <Document t={t} base={base} title={`${title}, ${picture.site}`} address={`${base}/${here}`}>
      <TopBar {...shown} />
      <main id="content" tabIndex={-1}>
        <div data-live="" id="banners">
          <Banners {...shown} />
        </div>
        {error !== undefined && (
          <div role="alert" id="error" tabIndex={-1}>
            <Banner kind="bad" title={t.failed}>
              <p>
                <English>
                  {error.text} <span className="t3">({error.code})</span>
                </English>
              </p>
            </Banner>
          </div>
        )}
        {children}
      </main>
      <p className="unseen" role="status" id="announce" />
      <Foot {...shown} />
    </Document>
  );
}

function TopBar({ t, base, picture, csrf, here }: Shown) {
  const { site, running, state, paused } = picture;
  const online = running && state?.online === true;
  return (
    <header className="topbar">
      <a className="brand" href={`${base}/`}>
        <Wordmark />
      </a>
      <div className="who">
        <span className="bb">{site}</span> <span className="t3">{t.sitePage}</span>
      </div>
      <span className="local t3">
        <Icon name="lock" />
        {t.thisMachineOnly}
      </span>
      <div className="end" data-live="" id="presence">
        <span className={`dot ${online ? "on" : "off"}`}>{online ? t.connected : running ? t.notConnected : t.agentStopped}</span>
        <form method="post" action={`${base}/participation`} className="taking">
          <Hidden csrf={csrf} here={here} />
          <span id="taking" className="b">
            {t.takingPart}
          </span>
          <button
            type="submit"
            className="switch"
            role="switch"
            aria-checked={paused === undefined}
            aria-labelledby="taking"
            name="taking"
            value={paused === undefined ? "off" : "on"}
          />
        </form>
      </div>
    </header>
  );
}

function Banners({ t, base, picture, csrf, here }: Shown) {
  const { paused, running, state } = picture;
  return (
    <>
      {paused !== undefined && (
        <Banner kind="warn" title={t.pausedSince(timeOf(t, paused.since), paused.by)}>
          <p>{t.pausedMore}</p>
          <form method="post" action={`${base}/participation`}>
            <Hidden csrf={csrf} here={here} />
            <button type="submit" className="btn" name="taking" value="on">
              {t.turnOn}
            </button>
          </form>
        </Banner>
      )}
      {!running && (
        <Banner kind="bad" title={t.stopped(state === undefined ? undefined : timeOf(t, state.updatedAt))}>
          <p>{t.stoppedMore}</p>
        </Banner>
      )}
      {running && state?.online === false && (
        <Banner kind="warn" title={t.offline(timeOf(t, state.since))}>
          {state.reason !== null && (
            <p>
              <English>
                {state.reason.text} <span className="t3">({state.reason.code})</span>
              </English>
            </p>
          )}
          <p>{t.offlineMore}</p>
        </Banner>
      )}
    </>
  );
}

const LANGUAGES: readonly (readonly [Language, string])[] = [
  ["en", "English"],
  ["de", "Deutsch"],
];

function Foot({ t, base, csrf, here, steward }: Shown) {
  return (
    <footer className="foot">
      <form method="post" action={`${base}/language`} aria-label={t.language}>
        <Hidden csrf={csrf} here={here} />
        {LANGUAGES.map(([code, name]) => (
          <button key={code} type="submit" className="link" name="language" value={code} lang={code} aria-current={code === t.code}>
            {name}
          </button>
        ))}
      </form>
      <form method="post" action={`${base}/leave`}>
        <Hidden csrf={csrf} here={here} />
        <span className="t3">{t.signedInAs(steward)}</span>
        <button type="submit" className="link">
          {t.signOut}
        </button>
      </form>
    </footer>
  );
}
