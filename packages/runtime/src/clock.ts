/**
 * The clock of both programs. For tests only: ENGRAFT_CLOCK_OFFSET_MS, a number of milliseconds, sets this process's clock
 * wrong by so much. Without the variable nothing happens.
 */
const offset = Number(process.env["ENGRAFT_CLOCK_OFFSET_MS"] ?? "0") || 0;

/** Milliseconds since 1970. */
export const clock = (): number => Date.now() + offset;
