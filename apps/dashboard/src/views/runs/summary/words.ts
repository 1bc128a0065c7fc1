import { plural } from "../../../parts/figures.ts";
import { catalogue } from "../../../words/language.ts";

export const summaryWords = catalogue(
  {
    title: "Data of all sites together",
    notYet: "The counts are shown once their sum is open. Nobody sees those of one site.",
    counted: (patients: number, sites: number) => `${plural(patients, "patient")} of ${plural(sites, "site")}`,
    whose: (sites: string) => `Training and validation patients of ${sites}, each counted once.`,
    held: (count: string) => `${count} more are held out for tests; nothing else is counted of them.`,
    fewerThan: (count: number) => `Fewer than ${count}`,
    joined: (count: number) => `Cells of fewer than ${count} patients are joined with others.`,
    tooFewOfClass: "too few of one class to tell them apart",
    tooFewValues: (count: number) => `Fewer than ${count} patients have a value.`,
    quartiles: { lower: "lower quartile", median: "median", upper: "upper quartile" },
    table: "Table",
    patients: (title: string) => `${title}, patients`,
    patientsBy: (title: string, label: string) => `${title} by ${label}, patients`,
    by: (label: string) => `By ${label}`,
    and: "and",
  },
  {
    title: "Daten aller Standorte zusammen",
    notYet: "Die Zahlen erscheinen, sobald ihre Summe offen ist. Die eines einzelnen Standorts sieht niemand.",
    counted: (patients, sites) => `${plural(patients, "Patient", "Patienten")} von ${plural(sites, "Standort", "Standorten")}`,
    whose: (sites) => `Trainings- und Validierungspatienten von ${sites}, jeder einmal gezählt.`,
    held: (count) => `${count} weitere sind für Tests zurückgehalten; sonst wird von ihnen nichts gezählt.`,
    fewerThan: (count) => `Weniger als ${count}`,
    joined: (count) => `Zellen mit weniger als ${count} Patienten sind mit anderen zusammengelegt.`,
    tooFewOfClass: "zu wenige einer Klasse, um sie zu trennen",
    tooFewValues: (count) => `Weniger als ${count} Patienten haben einen Wert.`,
    quartiles: { lower: "unteres Quartil", median: "Median", upper: "oberes Quartil" },
    table: "Tabelle",
    patients: (title) => `${title}, Patienten`,
    patientsBy: (title, label) => `${title} nach ${label}, Patienten`,
    by: (label) => `Nach ${label}`,
    and: "und",
  },
);
