/** Both decimal marks are understood; an empty text is no number. */
export const figure = (text: string): number => (text.trim() === "" ? Number.NaN : Number(text.trim().replace(",", ".")));
