/** Why a site is not as it should be, and what its IT must do: one table in two languages, shown and copied as a message. */
import type { CauseCode, SiteView } from "@engraft/coordinator/api/views";
import type { Tone } from "../../parts/chip.tsx";
import { catalogue } from "../../words/language.ts";

export interface CauseFacts {
  readonly site: string;
  /** Host of the coordinator. */
  readonly host: string;
  readonly version: string;
  readonly newest: string;
  readonly proxied: boolean;
}

interface CauseWords {
  readonly title: string;
  readonly line: (facts: CauseFacts) => string;
  readonly steps: (facts: CauseFacts) => readonly string[];
}

export const CAUSE_TONES: Readonly<Record<CauseCode, Tone>> = {
  steady: "ok",
  unsteady: "warn",
  "clock-wrong": "warn",
  paused: "warn",
  "version-old": "warn",
  "never-seen": "bad",
  stopped: "bad",
  cut: "bad",
  silent: "bad",
  closed: "bad",
  "turned-away": "bad",
  "coordinator-was-away": "bad",
  "version-refused": "bad",
  "key-refused": "bad",
  "key-replaced": "bad",
};

/** True where somebody at the site must act. */
export const needsSomebody = ({ cause }: SiteView): boolean => cause.code !== "steady";

export const factsOf = (site: SiteView, host: string): CauseFacts => ({
  site: site.name,
  host,
  version: [site.cause.version, site.version].find((version) => version !== undefined && version !== null && version !== "") ?? "?",
  newest: site.newestVersion,
  proxied: site.line.about !== null && site.line.about.way !== "direct",
});

const doctor = "Run “engraft-site doctor” on that machine. It names what is wrong, and for each the next step.";
const start = "Start the agent with “engraft-site start”, best as a service that starts with the machine.";
const keepOpen = ({ host, proxied }: CauseFacts): string =>
  proxied
    ? `The agent goes through the hospital’s proxy: let that keep its one connection to ${host} (port 443, WebSocket) open for as long as it is used.`
    : `Let firewall and proxy keep the agent’s one connection to ${host} (port 443, WebSocket) open for as long as it is used.`;

const en: Readonly<Record<CauseCode, CauseWords>> = {
  steady: { title: "Online", line: () => "", steps: () => [] },
  unsteady: {
    title: "Unsteady",
    line: ({ proxied }) =>
      proxied
        ? "Cut three times or more today, behind the hospital’s proxy; transfers resume."
        : "Cut three times or more today; transfers resume.",
    steps: (facts) => [keepOpen(facts), doctor],
  },
  "clock-wrong": {
    title: "Wrong clock",
    line: () => "Its clock is off by more than 30 s. Rounds go on: deadlines are the coordinator’s.",
    steps: () => ["Set the clock of the agent’s machine, and switch on time synchronisation (NTP)."],
  },
  paused: {
    title: "Paused by its steward",
    line: () => "It declines every ask until its steward goes on.",
    steps: () => ["The steward runs “engraft-site resume” there. Nobody else can."],
  },
  "version-old": {
    title: "Old version",
    line: ({ version, newest }) => `It runs ${version}; this coordinator runs ${newest}.`,
    steps: ({ newest }) => [
      `Install Engraft ${newest} on the agent’s machine. Keys and state stay where they are; no new invite is needed.`,
      start,
    ],
  },
  "never-seen": { title: "Never connected", line: () => "It has joined, but its agent has never connected.", steps: () => [start, doctor] },
  stopped: { title: "Stopped", line: () => "Its own people stopped the agent.", steps: () => [start] },
  cut: {
    title: "Cut off",
    line: ({ proxied }) =>
      `The connection broke without a word: the machine, its network${proxied ? ", or the hospital’s proxy" : " or something in between"}.`,
    steps: (facts) => [
      "Is the machine on, and its network up?",
      "Is the agent running? “engraft-site status” says so.",
      keepOpen(facts),
      doctor,
    ],
  },
  silent: {
    title: "No sign of life",
    line: () => "Nothing came for a minute: the machine sleeps or hangs, or its network is down.",
    steps: () => ["Keep the machine from sleeping, and look at its network.", doctor],
  },
  closed: {
    title: "Closed",
    line: ({ proxied }) =>
      proxied
        ? "The agent or the hospital’s proxy closed the connection without a reason."
        : "The agent, or something in between, closed the connection without a reason.",
    steps: (facts) => ["Is the agent running? “engraft-site status” says so.", keepOpen(facts)],
  },
  "turned-away": {
    title: "Turned away",
    line: () => "One side ended the link and said why: the log of the coordinator, and of the agent, has the reason.",
    steps: () => ["Look at the agent’s log; its last lines name the reason and the next step.", doctor],
  },
  "coordinator-was-away": {
    title: "Not back yet",
    line: () => "It was here when the coordinator stopped, and has not come back since.",
    steps: () => ["Is the agent running? “engraft-site status” says so; agents dial again by themselves.", start],
  },
  "version-refused": {
    title: "Version refused",
    line: ({ version, newest }) => `Its agent (${version}) is too old or too new for this coordinator (${newest}).`,
    steps: ({ newest }) => [
      `Install Engraft ${newest} on the agent’s machine. Keys and state stay where they are; no new invite is needed.`,
      start,
    ],
  },
  "key-refused": {
    title: "Unknown key",
    line: () => "Somebody without this site’s key tried to connect under its name, and was refused.",
    steps: ({ site }) => [
      `Where that was you: start the agent with the folder that ${site} joined with (--home). Its key lies there.`,
      "Where that folder is lost: tell the admin, who removes the site and sends an invite under a new name.",
      "Where that was nobody at the hospital: tell the admin. Without the site’s key nobody gets in.",
    ],
  },
  "key-replaced": {
    title: "Former key",
    line: () => "An agent came with a key that this site has replaced or given up, and was refused.",
    steps: () => [
      "Where a change of the key broke off: run “engraft-site rotate-key” again; it goes on where it stopped.",
      "Where that was nobody at the hospital, an old copy of the agent’s folder is in other hands: tell the admin. The old key opens nothing.",
    ],
  },
};

const doktor = "Führen Sie auf dem Rechner „engraft-site doctor“ aus. Es nennt, was nicht stimmt, und jeweils den nächsten Schritt.";
const starten = "Starten Sie den Agenten mit „engraft-site start“, am besten als Dienst, der mit dem Rechner startet.";
const offenHalten = ({ host, proxied }: CauseFacts): string =>
  proxied
    ? `Der Agent geht über den Proxy der Klinik: Dieser soll die eine Verbindung zu ${host} (Port 443, WebSocket) offen halten, solange sie benutzt wird.`
    : `Firewall und Proxy sollen die eine Verbindung des Agenten zu ${host} (Port 443, WebSocket) offen halten, solange sie benutzt wird.`;
const laeuft = "Läuft der Agent? „engraft-site status“ sagt es.";

const de: Readonly<Record<CauseCode, CauseWords>> = {
  steady: { title: "Verbunden", line: () => "", steps: () => [] },
  unsteady: {
    title: "Unbeständig",
    line: ({ proxied }) =>
      proxied
        ? "Heute mindestens dreimal unterbrochen, hinter dem Proxy der Klinik; Übertragungen gehen weiter."
        : "Heute mindestens dreimal unterbrochen; Übertragungen gehen weiter.",
    steps: (facts) => [offenHalten(facts), doktor],
  },
  "clock-wrong": {
    title: "Uhr geht falsch",
    line: () => "Die Uhr geht um mehr als 30 s falsch. Runden laufen weiter: Fristen setzt der Koordinator.",
    steps: () => ["Stellen Sie die Uhr des Agentenrechners, und schalten Sie die Zeitsynchronisation (NTP) ein."],
  },
  paused: {
    title: "Vom Datentreuhänder angehalten",
    line: () => "Der Standort lehnt jede Anfrage ab, bis der Datentreuhänder weitermacht.",
    steps: () => ["Der Datentreuhänder führt dort „engraft-site resume“ aus. Niemand sonst kann das."],
  },
  "version-old": {
    title: "Alte Version",
    line: ({ version, newest }) => `Dort läuft ${version}, hier ${newest}.`,
    steps: ({ newest }) => [
      `Installieren Sie Engraft ${newest} auf dem Agentenrechner. Schlüssel und Zustand bleiben, wo sie sind; eine neue Einladung ist nicht nötig.`,
      starten,
    ],
  },
  "never-seen": {
    title: "Noch nie verbunden",
    line: () => "Der Standort ist beigetreten, sein Agent hat sich aber noch nie verbunden.",
    steps: () => [starten, doktor],
  },
  stopped: { title: "Beendet", line: () => "Die eigenen Leute haben den Agenten beendet.", steps: () => [starten] },
  cut: {
    title: "Abgerissen",
    line: ({ proxied }) =>
      `Die Verbindung ist ohne ein Wort abgerissen: der Rechner, sein Netz${proxied ? " oder der Proxy der Klinik" : " oder etwas dazwischen"}.`,
    steps: (facts) => ["Ist der Rechner an und sein Netz verbunden?", laeuft, offenHalten(facts), doktor],
  },
  silent: {
    title: "Kein Lebenszeichen",
    line: () => "Eine Minute lang kam nichts: Der Rechner schläft oder hängt, oder sein Netz ist weg.",
    steps: () => ["Schalten Sie den Ruhezustand des Rechners ab, und prüfen Sie sein Netz.", doktor],
  },
  closed: {
    title: "Geschlossen",
    line: ({ proxied }) =>
      proxied
        ? "Der Agent oder der Proxy der Klinik hat die Verbindung ohne Grund geschlossen."
        : "Der Agent oder etwas dazwischen hat die Verbindung ohne Grund geschlossen.",
    steps: (facts) => [laeuft, offenHalten(facts)],
  },
  "turned-away": {
    title: "Abgewiesen",
    line: () => "Eine Seite hat die Verbindung beendet und gesagt, warum: Der Grund steht im Protokoll des Koordinators und des Agenten.",
    steps: () => ["Die letzten Zeilen im Protokoll des Agenten nennen den Grund und den nächsten Schritt.", doktor],
  },
  "coordinator-was-away": {
    title: "Noch nicht zurück",
    line: () => "Der Standort war da, als der Koordinator endete, und ist seither nicht zurückgekommen.",
    steps: () => ["Läuft der Agent? „engraft-site status“ sagt es; Agenten verbinden sich von selbst wieder.", starten],
  },
  "version-refused": {
    title: "Version abgelehnt",
    line: ({ version, newest }) => `Der Agent (${version}) ist zu alt oder zu neu für diesen Koordinator (${newest}).`,
    steps: ({ newest }) => [
      `Installieren Sie Engraft ${newest} auf dem Agentenrechner. Schlüssel und Zustand bleiben, wo sie sind; eine neue Einladung ist nicht nötig.`,
      starten,
    ],
  },
  "key-refused": {
    title: "Unbekannter Schlüssel",
    line: () => "Jemand ohne den Schlüssel dieses Standorts wollte sich unter seinem Namen verbinden und wurde abgelehnt.",
    steps: ({ site }) => [
      `Waren Sie das: Starten Sie den Agenten mit dem Ordner, mit dem ${site} beigetreten ist (--home). Dort liegt sein Schlüssel.`,
      "Ist dieser Ordner verloren: Sagen Sie es dem Admin, der den Standort entfernt und unter neuem Namen einlädt.",
      "War das niemand in der Klinik: Sagen Sie es dem Admin. Ohne den Schlüssel des Standorts kommt niemand hinein.",
    ],
  },
  "key-replaced": {
    title: "Früherer Schlüssel",
    line: () => "Ein Agent kam mit einem Schlüssel, den der Standort ersetzt oder aufgegeben hat, und wurde abgelehnt.",
    steps: () => [
      "Ist ein Schlüsselwechsel abgebrochen: Führen Sie „engraft-site rotate-key“ noch einmal aus; es macht dort weiter.",
      "War das niemand in der Klinik, ist eine alte Kopie des Agentenordners in fremder Hand: Sagen Sie es dem Admin. Der alte Schlüssel öffnet nichts.",
    ],
  },
};

export const CAUSES = catalogue(en, de);
