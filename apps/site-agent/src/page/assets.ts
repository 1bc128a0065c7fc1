/** Style, script and typefaces, read once. Tokens are the dashboard's: its dark ones count here where the browser asks for dark. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const own = (name: string): URL => new URL(`../../assets/${name}`, import.meta.url);

const DARK = ':root[data-theme="dark"]';

/** The tokens of dark as a media query: without scripts nothing could set the attribute. */
export function tokensByMedia(css: string): string {
  const at = css.indexOf(DARK);
  if (at < 0) throw new Error("Bug: the tokens have no dark theme");
  return `${css.slice(0, at)}@media (prefers-color-scheme: dark) { :root${css.slice(at + DARK.length)} }\n`;
}

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
}

export async function loadAssets(): Promise<ReadonlyMap<string, Asset>> {
  const fonts = join(dirname(require.resolve("geist/font/sans")), "fonts");
  const [tokens, style, script, sans, mono] = await Promise.all([
    readFile(require.resolve("@engraft/design/tokens.css"), "utf8"),
    readFile(own("page.css"), "utf8"),
    readFile(own("page.js")),
    readFile(join(fonts, "geist-sans", "Geist-Variable.woff2")),
    readFile(join(fonts, "geist-mono", "GeistMono-Variable.woff2")),
  ]);
  return new Map([
    ["page.css", { type: "text/css; charset=utf-8", body: Buffer.from(tokensByMedia(tokens) + style) }],
    ["page.js", { type: "text/javascript; charset=utf-8", body: script }],
    ["sans.woff2", { type: "font/woff2", body: sans }],
    ["mono.woff2", { type: "font/woff2", body: mono }],
  ]);
}
