/** What breaks a plan's schema, after the path of the value that does. */
import { countText } from "../../../parts/figures.ts";
import { catalogue } from "../../../words/language.ts";

const figureText = (value: number): string => (Number.isSafeInteger(value) ? countText(value) : String(value));

const kinds = (words: Readonly<Record<string, string>>): Readonly<Record<string, string>> => words;

export const VIOLATION_WORDS = catalogue(
  {
    plan: "the plan",
    missing: "is missing",
    /** `wanted`: a kind of JSON value, as the schema names it. */
    kinds: kinds({
      string: "a text",
      number: "a number",
      int: "a whole number",
      boolean: "true or false",
      array: "a list",
      object: "an object in { }",
      null: "null",
    }),
    kind: (wanted: string) => `must be ${wanted}`,
    least: (limit: number, inclusive: boolean) => `must be ${inclusive ? "at least" : "above"} ${figureText(limit)}`,
    most: (limit: number, inclusive: boolean) => `must be ${inclusive ? "at most" : "below"} ${figureText(limit)}`,
    leastLong: (limit: number, list: boolean) => `must have at least ${figureText(limit)} ${list ? "entries" : "characters"}`,
    mostLong: (limit: number, list: boolean) => `may have at most ${figureText(limit)} ${list ? "entries" : "characters"}`,
    only: (value: string) => `must be ${value}, or left out where a plan may leave it out`,
    choice: (values: string) => `must be one of ${values}`,
    itIs: (value: string) => `; it is ${value}`,
    unknown: "is not known: no plan has such a value here",
    limit: 'must be {"atLeast": a number} or {"atMost": a number}',
    noForm: "has none of the forms that it may have",
    twice: "stands twice; of such a pair only the last would count",
    noBase: "names a base model that is not here",
    ofBase: "is not what the base model has; a plan says it as its base does",
    notJson: (line: number, column: number) =>
      `This is not JSON from line ${line}, column ${column} on. Paste the whole plan, from the first { to the last }.`,
    noObject: "This is no plan: a plan is an object in { }.",
  },
  {
    plan: "der Plan",
    missing: "fehlt",
    kinds: {
      string: "ein Text",
      number: "eine Zahl",
      int: "eine ganze Zahl",
      boolean: "true oder false",
      array: "eine Liste",
      object: "ein Objekt in { }",
      null: "null",
    },
    kind: (wanted) => `muss ${wanted} sein`,
    least: (limit, inclusive) => (inclusive ? `muss mindestens ${figureText(limit)} sein` : `muss über ${figureText(limit)} liegen`),
    most: (limit, inclusive) => (inclusive ? `darf höchstens ${figureText(limit)} sein` : `muss unter ${figureText(limit)} liegen`),
    leastLong: (limit, list) => `muss mindestens ${figureText(limit)} ${list ? "Einträge" : "Zeichen"} haben`,
    mostLong: (limit, list) => `darf höchstens ${figureText(limit)} ${list ? "Einträge" : "Zeichen"} haben`,
    only: (value) => `muss ${value} sein oder fehlen, wo es fehlen darf`,
    choice: (values) => `muss eines sein von ${values}`,
    itIs: (value) => `; es ist ${value}`,
    unknown: "ist unbekannt: Kein Plan hat hier einen solchen Wert",
    limit: 'muss {"atLeast": eine Zahl} oder {"atMost": eine Zahl} sein',
    noForm: "hat keine der Formen, die es haben darf",
    twice: "steht zweimal da; von beiden würde nur das letzte zählen",
    noBase: "nennt ein Basismodell, das nicht hier ist",
    ofBase: "ist anders als beim Basismodell; ein Plan sagt es so wie sein Basismodell",
    notJson: (line, column) =>
      `Ab Zeile ${line}, Spalte ${column} ist das kein JSON. Fügen Sie den ganzen Plan ein, vom ersten { bis zum letzten }.`,
    noObject: "Das ist kein Plan: Ein Plan ist ein Objekt in { }.",
  },
);

export type ViolationWords = (typeof VIOLATION_WORDS)["en"];
