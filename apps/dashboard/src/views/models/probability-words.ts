/** Words of the card on a model's probabilities: how often what was foretold came true, and what acting on it would bring. */
import { catalogue } from "../../words/language.ts";

export const PROBABILITY_WORDS = catalogue(
  {
    title: "Its probabilities",
    aside: "all sites’ test patients",
    arms: { federated: "Federated", alone: "Trained alone", base: "Base unchanged" },
    calibration: "Calibration",
    calibrationWhat: "Share that had it, by predicted probability. On the diagonal as many had it as foretold; below it, fewer.",
    predicted: "Predicted probability",
    observed: "Share that had it",
    decision: "Net benefit",
    decisionWhat:
      "True positives less false ones, in terms of true ones, if everybody from a probability on is treated. Worth using where it lies above both treating everybody and treating nobody (0).",
    threshold: "Treated from this probability on",
    everybody: "Treat everybody",
    net: "Net benefit for each patient",
    few: "Too few patients for a second point: the plan shows no group of fewer.",
    nobody: "treat nobody",
    calibrationSaid: (arm: string, points: string) => `${arm}: ${points}.`,
    point: (x: string, y: string) => `${y} at ${x}`,
    calibrationRegion: "Calibration, table",
    decisionRegion: "Net benefit, table",
    model: "Model",
    rows: "Rows",
    count: (count: number) => `${count} rows`,
  },
  {
    title: "Seine Wahrscheinlichkeiten",
    aside: "Testpatienten aller Standorte",
    arms: { federated: "Föderiert", alone: "Allein trainiert", base: "Basismodell unverändert" },
    calibration: "Kalibrierung",
    calibrationWhat:
      "Anteil der Betroffenen nach vorhergesagter Wahrscheinlichkeit. Auf der Diagonale waren so viele betroffen wie vorhergesagt, darunter weniger.",
    predicted: "Vorhergesagte Wahrscheinlichkeit",
    observed: "Anteil der Betroffenen",
    decision: "Nettonutzen",
    decisionWhat:
      "Richtig Positive abzüglich falsch Positiver, in richtig Positiven gerechnet, wenn ab einer Wahrscheinlichkeit alle behandelt werden. Nützlich ist das Modell, wo es über „alle behandeln“ und „niemanden behandeln“ (0) liegt.",
    threshold: "Behandelt ab dieser Wahrscheinlichkeit",
    everybody: "Alle behandeln",
    net: "Nettonutzen je Patient",
    few: "Zu wenige Patienten für einen zweiten Punkt: Der Plan zeigt keine kleinere Gruppe.",
    nobody: "niemanden behandeln",
    calibrationSaid: (arm, points) => `${arm}: ${points}.`,
    point: (x, y) => `${y} bei ${x}`,
    calibrationRegion: "Kalibrierung, Tabelle",
    decisionRegion: "Nettonutzen, Tabelle",
    model: "Modell",
    rows: "Zeilen",
    count: (count) => `${count} Zeilen`,
  },
);
export type ProbabilityWords = typeof PROBABILITY_WORDS.en;
