/** Single keys are no commands while a modifier is held, or somebody writes into a field. */
interface Pressed {
  readonly target: EventTarget | null;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

const FIELDS: ReadonlySet<string> = new Set(["INPUT", "TEXTAREA", "SELECT"]);

export function isCommand({ target, ctrlKey, metaKey, altKey }: Pressed): boolean {
  const writes = target instanceof HTMLElement && (target.isContentEditable || FIELDS.has(target.tagName));
  return !writes && !ctrlKey && !metaKey && !altKey;
}
