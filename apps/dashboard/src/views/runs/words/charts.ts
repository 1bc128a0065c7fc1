/** Words of a run's charts: the metric's course, each site's own, the gain. */
import { catalogue } from "../../../words/language.ts";

type Kind = "pooled" | "mean";

/** A point of the main line, its value as it is written. */
interface Said {
  readonly round: number;
  readonly text: string;
}

const en = {
  title: "Held-out patients",
  metric: "Metric",
  resetZoom: "Reset zoom",
  zoomIn: "Zoom in",
  zoomOut: "Zoom out",
  smoothing: "Smoothing",
  smoothingOff: "off",
  smoothedBy: (strength: string) =>
    `Smoothed: exponential moving average without start bias, strength ${strength}. Raw lines stay faint; names and tables give raw values.`,
  label: "Value at the line ends",
  last: "Last",
  best: "Best",
  bestIs: (text: string, round: number) => `Best of the main line: ${text} ${after(round)}.`,
  axis: "Axis",
  linear: "Linear",
  log: "Log",
  allDrawn: (points: number, rounds: number) =>
    `Every value is drawn: ${points === 1 ? "1 checkpoint" : `${points} checkpoints`} of ${rounds === 1 ? "1 round" : `${rounds} rounds`}.`,
  manySites: (sites: number) => `${sites} sites: the grey band spans them all; point at a site to see its line.`,
  keys: "With the chart in focus: arrows, Home and End move the crosshair, + - 0 zoom, m next metric, t table, [ ] previous and next round.",
  dragHint: "Drag over the chart to zoom.",
  legend: "Legend",
  exactBand: "the exact figure lies in the band",
  noCurve: "no curve of its own",
  noValue: "No value yet",
  noValuePooled: (least: number) =>
    `The first figure comes with the first sum: of all sites’ held-out patients together, at least ${least} of them.`,
  noValueMean: (least: number) =>
    `Sites measure each checkpoint when the next round begins, on at least ${least} of their own held-out patients.`,
  inSumAlone: (sites: string) => `In the sum alone: ${sites}. Figures of their own patients do not leave these sites.`,
  inSumByPlan: "Per-site figures are not shown: the plan keeps them inside the sum.",
  and: "and",
  start: "start",
  tipAt: (round: number) => (round === 0 ? "Start" : `After round ${round}`),
  underWay: (round: number) => `round ${round} under way`,
  exact: (low: string, high: string) => `exact: ${low} to ${high}`,
  range: (low: string, high: string) => `${low} to ${high}`,
  tableRegion: "Values of the chart, table",
  tableCaption: (title: string, main: string) => `${title} after each round, ${main.toLowerCase()} and each site`,
  round: "Round",
  exactBetween: "Exact, between",
  main: {
    pooled: { long: "All sites’ patients together", line: "All sites", short: "All", column: "All sites" },
    mean: { long: "Weighted mean", line: "Mean", short: "Mean", column: "Mean" },
  },
  soFar: (round: number, sites: string) => `So far at ${round === 0 ? "the start" : `round ${round}`}: ${sites}.`,
  noneYet: (title: string, kind: Kind) => `${title} on ${over(kind)}: no ${kind === "pooled" ? "sum" : "mean"} yet.`,
  exactThere: (low: string, high: string) => `The exact figure there is between ${low} and ${high}.`,
  there: (sites: string) => `There: ${sites}.`,
  course: (title: string, kind: Kind, [first, last, best]: readonly Said[]) =>
    `${title} on ${over(kind)}${kind === "pooled" ? ", out of the sum" : ", weighted mean over sites"}: ${said(first)}, ${said(last)}, best ${said(best)}.`,
};

const after = (round: number): string => (round === 0 ? "at the start" : `after round ${round}`);
const said = (point: Said | undefined): string => (point === undefined ? "" : `${point.text} ${after(point.round)}`);
const over = (kind: Kind): string => (kind === "pooled" ? "all sites’ held-out patients together" : "held-out patients");

const nach = (round: number): string => (round === 0 ? "zu Beginn" : `nach Runde ${round}`);
const gesagt = (point: Said | undefined): string => (point === undefined ? "" : `${point.text} ${nach(point.round)}`);
const worauf = (kind: Kind): string =>
  kind === "pooled" ? "den zurückgehaltenen Patienten aller Standorte zusammen" : "zurückgehaltenen Patienten";

export const CHART_WORDS = catalogue(en, {
  title: "Zurückgehaltene Patienten",
  metric: "Metrik",
  resetZoom: "Ausschnitt aufheben",
  zoomIn: "Vergrößern",
  zoomOut: "Verkleinern",
  smoothing: "Glättung",
  smoothingOff: "aus",
  smoothedBy: (strength) =>
    `Geglättet: exponentieller gleitender Mittelwert ohne Anfangsverzerrung, Stärke ${strength}. Rohe Linien bleiben blass; Namen und Tabellen nennen rohe Werte.`,
  label: "Wert an den Linienenden",
  last: "Letzter",
  best: "Bester",
  bestIs: (text, round) => `Bester Wert der Hauptlinie: ${text} ${nach(round)}.`,
  axis: "Achse",
  linear: "Linear",
  log: "Log",
  allDrawn: (points, rounds) =>
    `Jeder Wert ist gezeichnet: ${points === 1 ? "1 Zwischenstand" : `${points} Zwischenstände`} von ${rounds === 1 ? "1 Runde" : `${rounds} Runden`}.`,
  manySites: (sites) => `${sites} Standorte: Das graue Band umfasst alle; zeigen Sie auf einen Standort, um seine Linie zu sehen.`,
  keys: "Im Diagramm: Pfeiltasten, Pos1 und Ende bewegen das Fadenkreuz, + - 0 ändern den Ausschnitt, m nächste Metrik, t Tabelle, [ ] vorige und nächste Runde.",
  dragHint: "Ziehen Sie über das Diagramm, um zu vergrößern.",
  legend: "Legende",
  exactBand: "der genaue Wert liegt im Band",
  noCurve: "keine eigene Kurve",
  noValue: "Noch kein Wert",
  noValuePooled: (least) =>
    `Der erste Wert kommt mit der ersten Summe: über die zurückgehaltenen Patienten aller Standorte, mindestens ${least}.`,
  noValueMean: (least) =>
    `Standorte messen jeden Zwischenstand zu Beginn der nächsten Runde, an mindestens ${least} eigenen zurückgehaltenen Patienten.`,
  inSumAlone: (sites) => `Nur in der Summe: ${sites}. Werte der eigenen Patienten verlassen diese Standorte nicht.`,
  inSumByPlan: "Werte einzelner Standorte werden nicht gezeigt: Der Plan behält sie in der Summe.",
  and: "und",
  start: "Beginn",
  tipAt: (round) => (round === 0 ? "Beginn" : `Nach Runde ${round}`),
  underWay: (round) => `Runde ${round} läuft`,
  exact: (low, high) => `genau: ${low} bis ${high}`,
  range: (low, high) => `${low} bis ${high}`,
  tableRegion: "Werte des Diagramms, Tabelle",
  tableCaption: (title, main) => `${title} nach jeder Runde, ${main} und jeder Standort`,
  round: "Runde",
  exactBetween: "Genau, zwischen",
  main: {
    pooled: { long: "Patienten aller Standorte zusammen", line: "Alle", short: "Alle", column: "Alle Standorte" },
    mean: { long: "Gewichtetes Mittel", line: "Mittel", short: "Mittel", column: "Mittel" },
  },
  soFar: (round, sites) => `Bisher ${nach(round)}: ${sites}.`,
  noneYet: (title, kind) => `${title} an ${worauf(kind)}: noch ${kind === "pooled" ? "keine Summe" : "kein Mittel"}.`,
  exactThere: (low, high) => `Der genaue Wert liegt dort zwischen ${low} und ${high}.`,
  there: (sites) => `Dort: ${sites}.`,
  course: (title, kind, [first, last, best]) =>
    `${title} an ${worauf(kind)}${kind === "pooled" ? ", aus der Summe" : ", gewichtetes Mittel der Standorte"}: ${gesagt(first)}, ${gesagt(last)}, am besten ${gesagt(best)}.`,
});

export type ChartWords = (typeof CHART_WORDS)["en"];
