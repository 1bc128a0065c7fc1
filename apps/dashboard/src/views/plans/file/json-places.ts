/** JSON text with the place of each value, so that what is wrong is named where it stands. JSON.parse tells of no places, and of no key that stands twice. */

export interface Places {
  /** Offset in the text by path, for example `training.batch` or `metrics.names.0`: of the key, or of a list's entry. */
  readonly at: ReadonlyMap<string, number>;
  /** Paths whose key stands twice in the same object. */
  readonly twice: readonly string[];
}

export type JsonRead =
  | { readonly ok: true; readonly json: unknown; readonly places: Places }
  /** `at`: offset of the first character that no JSON has there. */
  | { readonly ok: false; readonly at: number };

/** One token of RFC 8259 and the blanks in front of it. */
const TOKEN = /[ \t\n\r]*([{}[\],:]|"(?:[^"\\]|\\.)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y;

/** What may stand in quotes, and what after a backslash, JSON.parse knows best. */
function isText(token: string): boolean {
  try {
    return typeof JSON.parse(token) === "string";
  } catch {
    return false;
  }
}

class NotJson extends Error {
  readonly at: number;
  constructor(at: number) {
    super(`not JSON from ${at} on`);
    this.at = at;
  }
}

interface Token {
  readonly text: string;
  readonly at: number;
}

class Scanner {
  readonly at = new Map<string, number>();
  readonly twice: string[] = [];
  readonly #text: string;
  #next = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): void {
    this.#value(this.#take(), "");
    if (this.#text.slice(this.#next).trim() !== "") throw new NotJson(this.#blanks());
  }

  #blanks(): number {
    let at = this.#next;
    while (/[ \t\n\r]/.test(this.#text[at] ?? "")) at++;
    return at;
  }

  #take(): Token {
    TOKEN.lastIndex = this.#next;
    const [whole, text] = TOKEN.exec(this.#text) ?? [];
    if (whole === undefined || text === undefined) throw new NotJson(this.#blanks());
    this.#next += whole.length;
    if (text.startsWith('"') && !isText(text)) throw new NotJson(this.#next - text.length);
    return { text, at: this.#next - text.length };
  }

  #expect(token: Token, wanted: string): void {
    if (token.text !== wanted) throw new NotJson(token.at);
  }

  #value(token: Token, path: string): void {
    if (token.text === "{") this.#object(path);
    else if (token.text === "[") this.#list(path);
    else if (/^[}\],:]/.test(token.text)) throw new NotJson(token.at);
  }

  #object(path: string): void {
    const keys = new Set<string>();
    for (let key = this.#take(); key.text !== "}" || keys.size > 0; key = this.#take()) {
      if (!key.text.startsWith('"')) throw new NotJson(key.at);
      const name = JSON.parse(key.text) as string;
      const inner = below(path, name);
      if (keys.has(name)) this.twice.push(inner);
      keys.add(name);
      this.at.set(inner, key.at);
      this.#expect(this.#take(), ":");
      this.#value(this.#take(), inner);
      const after = this.#take();
      if (after.text === "}") return;
      this.#expect(after, ",");
    }
  }

  #list(path: string): void {
    for (let index = 0, token = this.#take(); token.text !== "]" || index > 0; index++, token = this.#take()) {
      this.at.set(below(path, index), token.at);
      this.#value(token, below(path, index));
      const after = this.#take();
      if (after.text === "]") return;
      this.#expect(after, ",");
    }
  }
}

const below = (path: string, key: string | number): string => (path === "" ? String(key) : `${path}.${key}`);

export function readJson(text: string): JsonRead {
  const scanner = new Scanner(text);
  try {
    scanner.whole();
  } catch (error) {
    if (error instanceof NotJson) return { ok: false, at: error.at };
    throw error;
  }
  return { ok: true, json: JSON.parse(text) as unknown, places: { at: scanner.at, twice: scanner.twice } };
}

/** Where a path stands, or what it would stand in. */
export function placeOf({ at }: Places, path: string): number {
  for (let known = path; known !== ""; known = known.slice(0, Math.max(0, known.lastIndexOf(".")))) {
    const found = at.get(known);
    if (found !== undefined) return found;
  }
  return 0;
}

/** Both from 1. */
export function lineAndColumn(text: string, at: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, at);
  return { line: before.split("\n").length, column: at - before.lastIndexOf("\n") };
}
