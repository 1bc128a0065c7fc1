/** Words for what a site's doctor may answer: names of checks, and for each code what it is and what to do. Codes of the agent's own table of errors that are not here are shown as they are. */
import type { DoctorCheck } from "@engraft/core/protocol/doctor-codes";
import { catalogue } from "../../words/language.ts";
import { CODES_DE } from "./doctor-words-de.ts";
import { CODES_EN } from "./doctor-words-en.ts";

/** What it is, and what to do. */
type CodeWords = Readonly<Record<string, readonly [string, string] | undefined>>;

const CHECKS_EN: Readonly<Record<DoctorCheck, string>> = {
  node: "Node",
  enrolment: "Enrolment",
  key: "Site’s key",
  disk: "Disk",
  memory: "Memory",
  agent: "Agent",
  participation: "Taking part",
  plans: "Plans",
  tables: "Tables",
  proxy: "Proxy",
  name: "Name resolves",
  connection: "Connection",
  ca: "Authorities",
  tls: "Certificate",
  coordinator: "Coordinator answers",
  upgrade: "WebSocket",
  "coordinator-key": "Coordinator’s key",
  protocol: "Versions",
  membership: "Membership",
  clock: "Clock",
  speed: "Speed",
};

const CHECKS_DE: Readonly<Record<DoctorCheck, string>> = {
  node: "Node",
  enrolment: "Beitritt",
  key: "Schlüssel des Standorts",
  disk: "Festplatte",
  memory: "Arbeitsspeicher",
  agent: "Agent",
  participation: "Teilnahme",
  plans: "Pläne",
  tables: "Tabellen",
  proxy: "Proxy",
  name: "Name bekannt",
  connection: "Verbindung",
  ca: "Zertifizierungsstellen",
  tls: "Zertifikat",
  coordinator: "Koordinator antwortet",
  upgrade: "WebSocket",
  "coordinator-key": "Schlüssel des Koordinators",
  protocol: "Versionen",
  membership: "Mitgliedschaft",
  clock: "Uhr",
  speed: "Geschwindigkeit",
};

const levels = { ok: "in order", warning: "warning", problem: "problem", skipped: "not looked at" };

const codesEn: CodeWords = CODES_EN;

export const DOCTOR = catalogue(
  {
    checks: CHECKS_EN,
    codes: codesEn,
    levels,
    next: "Next",
    otherwise: ["The site’s doctor names it by this code", "Its IT runs “engraft-site doctor” there, which says more."] as readonly [
      string,
      string,
    ],
    fine: (count: number) => `${count} checks, nothing is wrong.`,
    wrong: (problems: number, warnings: number) =>
      `${problems} ${problems === 1 ? "problem" : "problems"}, ${warnings} ${warnings === 1 ? "warning" : "warnings"}.`,
    inOrder: (names: string) => `In order: ${names}.`,
    report: "doctor’s findings for hospital IT",
    copy: "Copy as message to IT",
    heading: (site: string) => `What the doctor found at ${site}`,
  },
  {
    checks: CHECKS_DE,
    codes: CODES_DE,
    levels: { ok: "in Ordnung", warning: "Warnung", problem: "Problem", skipped: "nicht geprüft" },
    next: "Weiter",
    otherwise: ["Der Doctor des Standorts nennt es mit diesem Code", "Seine IT führt dort „engraft-site doctor“ aus, das sagt mehr."],
    fine: (count) => `${count} Prüfungen, nichts ist falsch.`,
    wrong: (problems, warnings) =>
      `${problems} ${problems === 1 ? "Problem" : "Probleme"}, ${warnings} ${warnings === 1 ? "Warnung" : "Warnungen"}.`,
    inOrder: (names) => `In Ordnung: ${names}.`,
    report: "Befunde des Doctors für die Klinik-IT",
    copy: "Als Nachricht an die IT kopieren",
    heading: (site) => `Was der Doctor bei ${site} gefunden hat`,
  },
);
