/** A download of known size with which `doctor` measures the line to the coordinator; open to everybody, a few at a time. */
export const PROBE_PATH = "/probe";
export const PROBE_BYTES = 1_048_576;
