/**
 * Which other unit a column seems to be in. Only asked where the median lies outside the plan's range, or many values do: a range
 * is wide, and inside it nothing can be told from the values.
 */
import { convert, SAME, unitConversion, type Conversion, type NumberField } from "./units.ts";

export interface Suspicion {
  /** "as if mg/dL where mmol/L is asked: factor 38.67" */
  readonly words: string;
}

/** UCUM units that hospitals write where another one is asked. */
const UNITS =
  "a mo wk d h min s ms us m cm mm [in_i] [ft_i] kg g mg ug ng pg [lb_av] [oz_av] [stone_av] Cel K [degF] mm[Hg] kPa Pa cm[H2O] bar mV uV V L dL mL uL fL mol/L mmol/L umol/L nmol/L pmol/L g/L g/dL mg/L mg/dL ug/L ug/dL ug/mL ng/mL ng/dL ng/L pg/mL pg/dL mg/mL meq/L /L /uL /nL /mL 10*3/uL 10*6/uL 10*9/L 10*12/L % 1 [ppth] L/min mL/min L/s mL/s kcal kJ J [cal] Hz /min /s m/s cm/s km/h U/L kU/L ukat/L nkat/L mm2 cm2 m2 kg/m2 g/m2".split(
    " ",
  );

/** g/mol of what laboratories report both by mass and by amount (PubChem). Of triglycerides and haemoglobin as laboratories count them. */
const MOLAR_MASSES: readonly (readonly [RegExp, number])[] = [
  [/triglycerid/i, 885.7],
  [/chol|\bldl|\bhdl|ldl_|hdl_/i, 386.65],
  [/gluc|gluk|sugar|\bbg\b|hba1c_m/i, 180.156],
  [/creatinin|kreatinin/i, 113.12],
  [/urea.?nitrogen|\bbun\b/i, 28.0134],
  [/urea|harnstoff/i, 60.056],
  [/bilirubin/i, 584.66],
  [/uric|urate|harns/i, 168.11],
  [/calcium|kalzium/i, 40.078],
  [/magnesium/i, 24.305],
  [/phosph/i, 30.974],
  [/lactat|laktat/i, 90.08],
  [/(h|^)(a?emoglobin|hb$)/i, 16_114],
  [/iron|eisen/i, 55.845],
  [/cortisol/i, 362.46],
  [/testosteron/i, 288.42],
  [/thyroxin|\bt4\b/i, 776.87],
  [/vitamin.?d/i, 400.64],
];

interface Candidate {
  readonly conversion: Conversion;
  readonly unit: string;
  /** Lower is tried first. */
  readonly rank: number;
}

/** At least this share of the values must then be in the range. */
const MOST = 0.9;
const FEWEST = 10;
const FEWEST_DISTINCT = 5;

/** What `values`, which are outside the range, would be inside as. Undefined where nothing known explains them. */
export async function suspectUnit(values: readonly number[], field: NumberField, declared: Conversion): Promise<Suspicion | undefined> {
  if (values.length < FEWEST || new Set(values).size < FEWEST_DISTINCT) return undefined;
  const explained = (await candidates(field, declared))
    .map((candidate) => ({ ...candidate, inside: shareInside(values, field, candidate.conversion) }))
    .filter(({ inside }) => inside >= MOST)
    .toSorted((a, b) => a.rank - b.rank || b.inside - a.inside || offCentre(values, field, a) - offCentre(values, field, b));
  const [best] = explained;
  return best === undefined ? undefined : { words: wordsOf(best, field) };
}

export const shareInside = (values: readonly number[], { min, max }: NumberField, by: Conversion): number =>
  values.filter((value) => convert(by, value) >= min && convert(by, value) <= max).length / Math.max(1, values.length);

/** How far from the middle of the range the median would be. */
const offCentre = (values: readonly number[], { min, max }: NumberField, { conversion }: Candidate): number =>
  Math.abs(convert(conversion, medianOf(values)) - (min + max) / 2);

export const medianOf = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

async function candidates(field: NumberField, declared: Conversion): Promise<readonly Candidate[]> {
  const found: Candidate[] = [];
  if (declared !== SAME && declared.scale !== 1)
    found.push({ conversion: { scale: 1 / declared.scale, offset: -declared.offset / declared.scale }, unit: "", rank: 0 });
  const named = MOLAR_MASSES.find(([name]) => name.test(field.name) || name.test(field.title))?.[1];
  const mass = field.molarMass ?? named;
  for (const unit of UNITS) {
    if (unit === field.unit) continue;
    const conversion = await unitConversion(unit, field.unit, mass);
    if (conversion !== undefined && conversion.scale !== 1) found.push({ conversion, unit, rank: 1 });
  }
  for (const power of [10, 100, 1000, 1_000_000]) {
    found.push({ conversion: { scale: 1 / power, offset: 0 }, unit: `${power} times ${field.unit}`, rank: 2 });
    found.push({ conversion: { scale: power, offset: 0 }, unit: `1/${power} of ${field.unit}`, rank: 2 });
  }
  return found;
}

const figure = (value: number): string => String(Number(value.toPrecision(4)));

function wordsOf({ conversion: { scale, offset }, unit, rank }: Candidate, field: NumberField): string {
  if (rank === 0) return `as if in ${field.unit} already: the declared unit or factor is one too many`;
  if (rank === 2)
    return `as if ${unit === "" ? field.unit : unit} were written: factor ${figure(1 / scale)}; try --factor ${field.name}=${figure(scale)}`;
  const how = offset === 0 ? `factor ${figure(1 / scale)}` : `times ${figure(1 / scale)}, from another zero`;
  return `as if ${unit} where ${field.unit} is asked: ${how}`;
}
