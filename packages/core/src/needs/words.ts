/**
 * What needs somebody, and what to do about it, as sentences: the first page, mails and webhooks say the same. Whoever reads chooses
 * the language; what a fault says of itself stays as it is.
 */
import type { Language } from "./language.ts";

/** Of which a sentence is made in the reader's language. */
export type NeedAbout =
  | { readonly kind: "storage"; readonly run: string | null; readonly text: string }
  | { readonly kind: "run-failed"; readonly run: string; readonly text: string }
  | { readonly kind: "run-waits"; readonly run: string; readonly sites: readonly string[] }
  | { readonly kind: "site-away"; readonly run: string; readonly site: string }
  | {
      readonly kind: "approvals-missing" | "plan-refused";
      readonly plan: string;
      readonly needed: number;
      readonly approved: number;
      readonly refused: number;
      /** Sites whose stewards have not decided. */
      readonly undecided: readonly string[];
    }
  | { readonly kind: "plan-approved"; readonly plan: string }
  | { readonly kind: "clock"; readonly site: string; readonly seconds: number }
  | { readonly kind: "no-site" };

export interface NeedText {
  readonly what: string;
  readonly next: string;
  readonly button: string;
  /** Of a part that is not in the reader's language; empty in English, where it stands in `next`. */
  readonly english: string;
}

export const needText = (about: NeedAbout, language: Language): NeedText => (language === "de" ? german(about) : english(about));

const SEE = { run: "Look at the run", runs: "Look at the runs", plan: "Look at the plan", site: "Look at the site" };

function english(about: NeedAbout): NeedText {
  switch (about.kind) {
    case "storage":
      return said(
        about.run === null
          ? "The coordinator cannot store what it must."
          : `${about.run} stands still: the coordinator cannot store or read what it must.`,
        `${about.text} It goes on by itself once that is put right.`,
        about.run === null ? SEE.runs : SEE.run,
      );
    case "run-failed":
      return said(`${about.run} failed.`, `${about.text} Start it again when the sites are back.`.trim(), SEE.run);
    case "run-waits":
      return said(
        `${about.run} waits for sites to come online.`,
        `Offline: ${about.sites.join(", ")}. The round opens when they are back, or without them after the plan's waiting time.`,
        SEE.run,
      );
    case "site-away":
      return said(
        `${about.site} is offline, and ${about.run} needs it now.`,
        'Ask its IT to run "engraft-site doctor". Without it the round goes on or ends by its plan.',
        SEE.run,
      );
    case "approvals-missing":
    case "plan-refused":
      return said(
        `${about.plan} needs ${about.needed} approvals and has ${about.approved}.`,
        `${about.undecided.length === 0 ? "All sites have decided" : `Not decided: ${about.undecided.join(", ")}`}; ${about.refused} refused. A steward decides at the site, on its page or with "engraft-site review".`,
        SEE.plan,
      );
    case "plan-approved":
      return said(`${about.plan} is approved and can be started.`, "An admin starts the run.", "Start the run");
    case "clock":
      return said(
        `The clock of ${about.site} is off by ${about.seconds} s.`,
        "Ask its IT to set the clock; deadlines are read against it.",
        SEE.site,
      );
    case "no-site":
      return said("No site has joined yet.", "Invite one; its IT department joins with one command.", "Invite a site");
    default:
      return about satisfies never;
  }
}

const said = (what: string, next: string, button: string, english = ""): NeedText => ({ what, next, button, english });

const LOOK = { run: "Lauf ansehen", runs: "Läufe ansehen", plan: "Plan ansehen", site: "Standort ansehen" };

function german(about: NeedAbout): NeedText {
  switch (about.kind) {
    case "storage":
      return said(
        about.run === null
          ? "Der Koordinator kann nicht speichern, was er muss."
          : `${about.run} steht still: Der Koordinator kann nicht speichern oder lesen, was er muss.`,
        "Es geht von selbst weiter, sobald das behoben ist.",
        about.run === null ? LOOK.runs : LOOK.run,
        about.text,
      );
    case "run-failed":
      return said(`${about.run} ist gescheitert.`, "Starten Sie ihn neu, wenn die Standorte wieder da sind.", LOOK.run, about.text);
    case "run-waits":
      return said(
        `${about.run} wartet auf Standorte.`,
        `Nicht verbunden: ${about.sites.join(", ")}. Die Runde wird eröffnet, wenn sie zurück sind, oder ohne sie nach der Wartezeit des Plans.`,
        LOOK.run,
      );
    case "site-away":
      return said(
        `${about.site} ist nicht verbunden, und ${about.run} braucht den Standort jetzt.`,
        "Bitten Sie dessen IT, „engraft-site doctor“ auszuführen. Ohne ihn geht die Runde nach ihrem Plan weiter oder zu Ende.",
        LOOK.run,
      );
    case "approvals-missing":
    case "plan-refused":
      return said(
        `${about.plan} braucht ${about.needed} Freigaben und hat ${about.approved}.`,
        `${about.undecided.length === 0 ? "Alle Standorte haben entschieden" : `Noch nicht entschieden: ${about.undecided.join(", ")}`}; ${about.refused} abgelehnt. Entschieden wird am Standort, auf dessen Seite oder mit „engraft-site review“.`,
        LOOK.plan,
      );
    case "plan-approved":
      return said(`${about.plan} ist freigegeben und kann gestartet werden.`, "Ein Admin startet den Lauf.", "Lauf starten");
    case "clock":
      return said(
        `Die Uhr von ${about.site} geht um ${about.seconds} s falsch.`,
        "Bitten Sie dessen IT, die Uhr zu stellen; Fristen werden an ihr abgelesen.",
        LOOK.site,
      );
    case "no-site":
      return said("Noch ist kein Standort beigetreten.", "Laden Sie einen ein; dessen IT tritt mit einem Befehl bei.", "Standort einladen");
    default:
      return about satisfies never;
  }
}
