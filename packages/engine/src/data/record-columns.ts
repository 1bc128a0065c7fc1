/** Names of the columns that rows of a folder of recordings have. */
export const FILE_COLUMN = "file";
/** What `data add --records` declares as label, patient and time of a beat. */
export const RECORD_COLUMNS = { label: "label", patient: "patient", at: "at" } as const;
