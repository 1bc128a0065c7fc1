/** An alert as a mail and as a webhook's body. Figures and sentences are those of the dashboard, nothing else. */
import type { Language } from "@engraft/core/needs/language";
import { oneLine } from "./mail.ts";
import type { Body } from "./step.ts";

const linkOf = (publicUrl: string, href: string): string => new URL(href, `${publicUrl}/`).href;

const WORDS = {
  en: {
    over: (what: string) => `Over: ${what}`,
    nothingLeft: "This is put right; nothing is left to do.",
    since: (time: string) => `Since ${time}. On the dashboard:`,
    sentBy: "Sent by the Engraft coordinator. An admin chooses under Alerts what is sent to whom.",
    test: { what: "This is a test message.", next: "Alerts arrive here." },
  },
  de: {
    over: (what: string) => `Vorbei: ${what}`,
    nothingLeft: "Das ist behoben; es bleibt nichts zu tun.",
    since: (time: string) => `Seit ${time}. Auf dem Dashboard:`,
    sentBy: "Gesendet vom Engraft-Koordinator. Unter Meldungen legen Admins fest, was wohin gesendet wird.",
    test: { what: "Dies ist eine Probemeldung.", next: "Meldungen kommen hier an." },
  },
};

export const testText = (language: Language): Pick<Body, "language" | "what" | "next"> => ({ language, ...WORDS[language].test });

/** One sentence. */
export const headOf = ({ state, what, language = "en" }: Body): string => (state === "over" ? WORDS[language].over(what) : what);

export function mailOf(body: Body, publicUrl: string): { readonly subject: string; readonly text: string } {
  const { state, next, href, since, language = "en" } = body;
  const words = WORDS[language];
  const lines = [
    oneLine(headOf(body)),
    ...(state === "over" ? [words.nothingLeft] : [oneLine(next)]),
    "",
    words.since(new Date(since).toISOString().replace(/\.\d+Z$/, "Z")),
    linkOf(publicUrl, href),
    "",
    words.sentBy,
  ];
  return { subject: `[Engraft] ${headOf(body)}`, text: `${lines.join("\r\n")}\r\n` };
}

export const webhookBody = (id: string, { state, kind, language = "en", what, next, href, since }: Body, publicUrl: string): string =>
  JSON.stringify({
    id,
    state,
    kind,
    language,
    what,
    next: state === "over" ? "" : next,
    url: linkOf(publicUrl, href),
    since: new Date(since).toISOString(),
  });
