/** The parts of a running coordinator, as the API sees them. */
export interface App {
  readonly version: string;
}
