/** What a plan takes of pictures and recordings, in plain words: all that a data manager must compare with the files. */
import type { Field, ImageField, SignalField } from "./fields.ts";
import type { PlanLine } from "./plan-words.ts";

/** One line for pictures and one for recordings, where the plan reads some. */
export function filesInWords(fields: readonly Field[]): readonly PlanLine[] {
  const pictures = fields.filter((field) => field.kind === "image").map(pictureInWords);
  const recordings = fields.filter((field) => field.kind === "signal").map(recordingInWords);
  return [
    ...(pictures.length === 0 ? [] : [{ topic: "Pictures", words: pictures.join(" ") }]),
    ...(recordings.length === 0 ? [] : [{ topic: "Recordings", words: recordings.join(" ") }]),
  ];
}

function pictureInWords({ title, intensity, expect, background, slice }: ImageField): string {
  const { width, height, bits } = expect ?? {};
  const expected = [
    ...(width === undefined ? [] : [`${width} pixels wide`]),
    ...(height === undefined ? [] : [`${height} pixels high`]),
    ...(bits === undefined ? [] : [`of ${bits} bits`]),
  ];
  return [
    `${title}: ${greyInWords(intensity)}.`,
    ...(expected.length === 0 ? [] : [`Only pictures ${expected.join(", ")}; others are left out.`]),
    ...(slice === undefined ? [] : [`Of a volume the ${slice.plane} slice at ${Math.round(100 * slice.at)} % of its way.`]),
    ...(background === undefined ? [] : [`Their background is ${background}.`]),
  ].join(" ");
}

function greyInWords(intensity: ImageField["intensity"]): string {
  switch (intensity?.from) {
    case undefined:
      return "black and white as a picture of 8 bits has them, or as each DICOM file's own window says";
    case "range":
      return `black at ${intensity.low} and white at ${intensity.high}, in the picture's own unit`;
    case "bits":
      return "black and white at the smallest and largest number that a file can store";
    case "file":
      return "black and white as each DICOM file's own window says";
    default:
      return intensity satisfies never;
  }
}

function recordingInWords({ title, leads, aliases = {}, missingLead, rate, seconds, unit, band, beats }: SignalField): string {
  const named = leads.map((lead) => (aliases[lead] === undefined ? lead : `${lead} (also ${aliases[lead].join(", ")})`));
  const stretch = beats === undefined ? `the first ${seconds} s` : `${seconds} s for each annotated beat, from ${beats.before} s before it`;
  return [
    `${title}: ${leads.length === 1 ? "lead" : "leads"} ${named.join(", ")} in ${unit}; ${stretch}, at ${rate} points per second.`,
    ...(band === undefined ? [] : [bandInWords(band)]),
    `A recording that lacks a lead ${missingLead === "zeros" ? "is taken, with zeros in its place" : "is left out"}; one of another rate is resampled.`,
  ].join(" ");
}

function bandInWords({ above, below, order }: NonNullable<SignalField["band"]>): string {
  const kept = above === undefined ? `up to ${below} Hz` : below === undefined ? `from ${above} Hz on` : `from ${above} to ${below} Hz`;
  return `Frequencies ${kept} are kept (Butterworth of order ${order}, forwards and backwards).`;
}
