/**
 * The twelve leads of an electrocardiogram by their codes: SCP-ECG as DICOM writes it (PS3.16, CID 3001: 5.6.3-9-n), the same numbers of ISO/IEEE
 * 11073-10101 (2:n), and its texts as HL7 aECG writes them (MDC_ECG_LEAD_II).
 */
const NUMBERS: Readonly<Record<string, string>> = {
  1: "I",
  2: "II",
  3: "V1",
  4: "V2",
  5: "V3",
  6: "V4",
  7: "V5",
  8: "V6",
  61: "III",
  62: "aVR",
  63: "aVL",
  64: "aVF",
};

/** Undefined for every code that is none of them. */
export function standardLead(code: string): string | undefined {
  const number = /^(?:5\.6\.3-9-|2:)(\d+)$/.exec(code.trim())?.[1];
  if (number !== undefined) return Object.hasOwn(NUMBERS, number) ? NUMBERS[number] : undefined;
  const text = /^MDC_ECG_LEAD_(\w+)$/.exec(code.trim())?.[1]?.toLowerCase();
  return Object.values(NUMBERS).find((name) => name.toLowerCase() === text);
}
