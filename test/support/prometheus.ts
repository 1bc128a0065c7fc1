/** Reads the text format of Prometheus 0.0.4 strictly, by its exposition rules and those of `promtool check metrics`. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram" | "summary";
  readonly help: string;
  readonly samples: readonly Sample[];
}

interface Open {
  readonly name: string;
  readonly help: string;
  type: Family["type"] | undefined;
  readonly samples: Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;
const TYPES = new Set(["counter", "gauge", "histogram", "summary"]);

/** Throws with the line that breaks a rule. */
export function readMetrics(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  const families = new Map<string, Open>();
  let open: Open | undefined;
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const [, word, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (word === "HELP") {
      if (!NAME.test(name) || families.has(name)) throw new Error(`a family twice or badly named: ${line}`);
      if (rest.trim() === "") throw new Error(`no help text: ${line}`);
      open = { name, help: rest, type: undefined, samples: [] };
      families.set(name, open);
    } else if (word === "TYPE") {
      if (open?.name !== name || open.type !== undefined || open.samples.length > 0 || !TYPES.has(rest))
        throw new Error(`misplaced: ${line}`);
      open.type = rest as Family["type"];
    } else if (line.startsWith("#")) throw new Error(`neither HELP nor TYPE: ${line}`);
    else open?.samples.push(sampleOf(line, open));
  }
  return new Map([...families].map(([name, family]) => [name, checked(family)]));
}

function sampleOf(line: string, { name: family, type }: Open): Sample {
  const [, name = "", inner, number = ""] = LINE.exec(line) ?? [];
  const suffixes = type === "histogram" ? ["_bucket", "_sum", "_count"] : type === "summary" ? ["", "_sum", "_count"] : [""];
  if (!suffixes.some((suffix) => name === `${family}${suffix}`)) throw new Error(`not of ${family}: ${line}`);
  const value = number === "+Inf" ? Number.POSITIVE_INFINITY : number === "-Inf" ? Number.NEGATIVE_INFINITY : Number(number);
  if (Number.isNaN(value) && !/^nan$/i.test(number)) throw new Error(`no number: ${line}`);
  return { name, labels: labelsOf(inner ?? "", line), value };
}

function labelsOf(inner: string, line: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < inner.length) {
    const match = LABEL.exec(inner);
    const [, name = "", value = ""] = match ?? [];
    if (match === null || name in labels) throw new Error(`bad labels: ${line}`);
    labels[name] = value;
  }
  return labels;
}

const keyOf = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .sort()
    .join();

function checked({ name, help, type, samples }: Open): Family {
  if (type === undefined) throw new Error(`${name} has no type`);
  // Of the names that are ours: those of the process are the library's.
  if (name.startsWith("engraft_") && (type === "counter") !== name.endsWith("_total"))
    throw new Error(`${name}: counters, and only they, end with _total`);
  if (type === "counter" && samples.some(({ value }) => value < 0)) throw new Error(`${name} counts below nothing`);
  const series = samples.map((sample) => `${sample.name} ${keyOf(sample.labels)}`);
  if (new Set(series).size !== series.length) throw new Error(`${name} has a series twice`);
  if (type === "histogram") checkHistogram(name, samples);
  return { name, help, type, samples };
}

/** Buckets rise, end with +Inf, and the last one is the count. */
function checkHistogram(name: string, samples: readonly Sample[]): void {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _, ...rest } = sample.labels;
    const key = keyOf(rest);
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  for (const group of groups.values()) {
    const buckets = group
      .filter((sample) => sample.name === `${name}_bucket`)
      .map(({ labels, value }) => ({ le: bound(labels["le"]), value }));
    const count = group.find((sample) => sample.name === `${name}_count`)?.value;
    if (group.filter((sample) => sample.name === `${name}_sum`).length !== 1) throw new Error(`${name} has no sum`);
    if (buckets.at(-1)?.le !== Number.POSITIVE_INFINITY || buckets.at(-1)?.value !== count)
      throw new Error(`${name} does not end with +Inf`);
    for (const [index, { le, value }] of buckets.entries()) {
      const before = buckets[index - 1];
      if (Number.isNaN(le) || (before !== undefined && (before.le >= le || before.value > value)))
        throw new Error(`${name}: buckets do not rise`);
    }
  }
}

const bound = (le: string | undefined): number => (le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le ?? Number.NaN));
