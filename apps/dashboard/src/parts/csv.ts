type Cell = string | number | null | undefined;

/** Comma-separated lines; what is not known is empty. For names and figures, which hold no comma. */
export const csvText = (rows: readonly (readonly Cell[])[]): string =>
  rows.map((row) => `${row.map((cell) => cell ?? "").join(",")}\n`).join("");
