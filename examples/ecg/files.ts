/** What `prepare.ts` writes and the example reads. */
export const PREPARE = "npm run example:ecg -- --from MIT-BIH-FOLDER --to FOLDER";
/** Of the recorder whose patients train the base. */
export const BASE_RECORDER = "654";
/** The hospitals: the other recorders with four records or more. */
export const RECORDERS = ["167", "1629", "2851", "3655", "694"];
export const RECORDS = "records";
export const PATIENTS = "patients.csv";
/** The lead that says how early a beat comes (tape.ts). */
export const TIMING = "timing";
export const folderOf = (recorder: string): string => `recorder-${recorder}`;
/** Points of a beat in the data, those in front of its mark, and points per second. */
export const CUT = { points: 128, before: 54, rate: 180 };
/**
 * The same of what a model sees: 1.1 seconds in front of the mark, so that nearly always the beat before is in it. What makes a beat
 * supraventricular is, first of all, that it comes early.
 */
export const BEAT = { points: 270, before: 198, rate: CUT.rate };
