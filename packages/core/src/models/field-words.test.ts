import { describe, expect, it } from "vitest";
import { filesInWords } from "./field-words.ts";
import { ImageField, SignalField } from "./fields.ts";
import { planInWords } from "./plan-words.ts";
import { heartManifest, planWith } from "./heart.fixture.ts";

const signal = SignalField.parse({ kind: "signal", name: "ecg", title: "ECG", leads: ["I", "II"], rate: 125, seconds: 10, unit: "mV" });
const image = ImageField.parse({ kind: "image", name: "ct", title: "CT" });
const words = (field: SignalField | ImageField): string => filesInWords([field])[0]?.words ?? "";

describe("the words for a steward", () => {
  it("say nothing of files where the plan reads none, and else come with the plan", () => {
    expect(planInWords(planWith({}), heartManifest).map(({ topic }) => topic)).not.toContain("Recordings");
    const plan = planWith({});
    const lines = planInWords({ ...plan, data: { ...plan.data, fields: [signal, image] } }, heartManifest);
    expect(lines.map(({ topic }) => topic)).toEqual(expect.arrayContaining(["Pictures", "Recordings"]));
    expect(new Set(lines.map(({ topic }) => topic)).size).toBe(lines.length);
  });

  it("name leads, unit, rate and length of recordings, and what becomes of those that differ", () => {
    expect(words(signal)).toBe(
      "ECG: leads I, II in mV; the first 10 s, at 125 points per second. A recording that lacks a lead is left out; one of another rate is resampled.",
    );
    const all = {
      ...signal,
      leads: ["II"],
      aliases: { II: ["MLII", "2"] },
      missingLead: "zeros",
      seconds: 0.7,
      beats: { before: 0.3 },
      band: { above: 0.5, below: 40, order: 2 },
    };
    expect(words(SignalField.parse(all))).toBe(
      "ECG: lead II (also MLII, 2) in mV; 0.7 s for each annotated beat, from 0.3 s before it, at 125 points per second. Frequencies from 0.5 to 40 Hz are kept (Butterworth of order 2, forwards and backwards). A recording that lacks a lead is taken, with zeros in its place; one of another rate is resampled.",
    );
    expect(words({ ...signal, band: { above: 0.5, order: 4 } })).toContain("Frequencies from 0.5 Hz on are kept");
    expect(words({ ...signal, band: { below: 40, order: 4 } })).toContain("Frequencies up to 40 Hz are kept");
  });

  it("name the greys, size, slice and background of pictures", () => {
    expect(words(image)).toBe("CT: black and white as a picture of 8 bits has them, or as each DICOM file's own window says.");
    const all = {
      ...image,
      intensity: { from: "range", low: -160, high: 240 },
      expect: { width: 512, height: 512, bits: 16 },
      slice: { plane: "axial", at: 0.5 },
      background: "dark",
    };
    expect(words(ImageField.parse(all))).toBe(
      "CT: black at -160 and white at 240, in the picture's own unit. Only pictures 512 pixels wide, 512 pixels high, of 16 bits; others are left out. Of a volume the axial slice at 50 % of its way. Their background is dark.",
    );
    expect(words({ ...image, intensity: { from: "bits" } })).toContain("smallest and largest number");
  });

  it("leave out no key that a field can have", () => {
    const shown = ["kind", "name", "title", "leads", "aliases", "missingLead", "rate", "seconds", "unit", "band", "beats"];
    expect(new Set(Object.keys(SignalField.def.shape))).toEqual(new Set(shown));
    const pictures = ["kind", "name", "title", "intensity", "expect", "background", "slice"];
    expect(new Set(Object.keys(ImageField.def.shape))).toEqual(new Set(pictures));
  });
});
