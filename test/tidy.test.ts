/** The rules of ARCHITECTURE.md and CONTRIBUTING.md that a program can check. Each test lists what breaks one. */
import { readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");
const NOT_OURS = new Set(["node_modules", "dist", ".next", ".git", ".turbo", "generated", "coverage", ".engraft", "artifacts"]);
const CORE_ORDER = ["base", "crypto", "models", "privacy", "aggregation", "secagg", "protocol", "rounds", "provenance", "audit", "needs"];
/** Which of our packages each may import; `type` alone counts as the weaker right. */
const MAY_IMPORT: Readonly<Record<string, { readonly values: readonly string[]; readonly types?: readonly string[] }>> = {
  "packages/core": { values: [] },
  "packages/runtime": { values: ["core"] },
  "packages/engine": { values: ["core"] },
  "apps/coordinator": { values: ["core", "runtime", "engine"] },
  "apps/site-agent": { values: ["core", "runtime", "engine"] },
  "apps/cli": { values: ["core", "runtime"] },
  "apps/dashboard": { values: ["core"], types: ["coordinator"] },
};

function walk(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return walk(path);
    return entry.isFile() ? [relative(ROOT, path)] : [];
  });
}

const FILES = walk(ROOT);
const isTest = (path: string): boolean => /\.test\.tsx?$/.test(path);
const isSupport = (path: string): boolean => isTest(path) || /\.fixture\.tsx?$/.test(path);
const CODE = FILES.filter((path) => /\.(ts|tsx|mjs)$/.test(path) && !path.endsWith(".d.ts"));
const text = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const parsed = new Map<string, ts.SourceFile>();

function tree(path: string): ts.SourceFile {
  const known = parsed.get(path);
  if (known !== undefined) return known;
  const made = ts.createSourceFile(
    path,
    text(path),
    ts.ScriptTarget.Latest,
    true,
    path.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
  );
  parsed.set(path, made);
  return made;
}

function* nodes(node: ts.Node): Generator<ts.Node> {
  yield node;
  for (const child of node.getChildren()) yield* nodes(child);
}

const place = (path: string, node: ts.Node): string => `${path}:${tree(path).getLineAndCharacterOfPosition(node.getStart()).line + 1}`;

interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
  readonly names: readonly string[];
  readonly node: ts.Node;
}

function importsOf(path: string): readonly Import[] {
  const found: Import[] = [];
  for (const node of nodes(tree(path))) {
    if (
      (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) &&
      node.moduleSpecifier !== undefined &&
      ts.isStringLiteral(node.moduleSpecifier)
    ) {
      const clause = ts.isImportDeclaration(node) ? node.importClause : node;
      const bindings = ts.isImportDeclaration(node) ? node.importClause?.namedBindings : node.exportClause;
      const elements = bindings !== undefined && (ts.isNamedImports(bindings) || ts.isNamedExports(bindings)) ? [...bindings.elements] : [];
      const typeOnly =
        clause?.getText().startsWith("type ") === true ||
        node.getText().startsWith("export type ") ||
        (elements.length > 0 && elements.every((element) => element.isTypeOnly));
      found.push({
        from: node.moduleSpecifier.text,
        typeOnly,
        names: elements.map((element) => (element.propertyName ?? element.name).text),
        node,
      });
    } else if (
      ts.isCallExpression(node) &&
      node.expression.kind === ts.SyntaxKind.ImportKeyword &&
      node.arguments[0] !== undefined &&
      ts.isStringLiteralLike(node.arguments[0])
    ) {
      found.push({ from: node.arguments[0].text, typeOnly: false, names: [], node });
    }
  }
  return found;
}

const workspaceOf = (path: string): string | undefined => Object.keys(MAY_IMPORT).find((workspace) => path.startsWith(`${workspace}/`));
const coreFiles = CODE.filter((path) => path.startsWith("packages/core/src/") && !isSupport(path));

describe("imports", () => {
  it("of packages and apps follow the table of ARCHITECTURE.md", () => {
    const wrong = CODE.filter((path) => workspaceOf(path) !== undefined && !isSupport(path)).flatMap((path) => {
      const workspace = workspaceOf(path) ?? "";
      const may = MAY_IMPORT[workspace];
      return importsOf(path).flatMap(({ from, typeOnly, node }) => {
        if (from.startsWith("."))
          return join(dirname(path), from).startsWith(`${workspace}/`) ? [] : [`${place(path, node)} leaves its package: ${from}`];
        const ours = /^@engraft\/([^/]+)/.exec(from)?.[1];
        const allowed = ours === undefined || may?.values.includes(ours) || (typeOnly && may?.types?.includes(ours));
        return allowed ? [] : [`${place(path, node)} imports ${from}`];
      });
    });
    expect(wrong).toEqual([]);
  });

  it("in core go from right to left only", () => {
    const folderOf = (path: string): string => path.split("/")[3] ?? "";
    const wrong = coreFiles.flatMap((path) =>
      importsOf(path).flatMap(({ from, node }) => {
        if (!from.startsWith(".")) return [];
        const [mine, theirs] = [folderOf(path), folderOf(join(dirname(path), from))].map((folder) => CORE_ORDER.indexOf(folder));
        return mine !== undefined && theirs !== undefined && mine >= 0 && theirs >= 0 && theirs <= mine
          ? []
          : [`${place(path, node)} imports ${from}`];
      }),
    );
    expect(wrong).toEqual([]);
  });
});

describe("core is pure", () => {
  it("of node's modules it uses node:crypto alone, and nothing random of that", () => {
    const wrong = coreFiles.flatMap((path) =>
      importsOf(path)
        .filter(
          ({ from, names }) => (from.startsWith("node:") && from !== "node:crypto") || names.some((name) => /random|generate/i.test(name)),
        )
        .map(({ from, node }) => `${place(path, node)} imports ${from}`),
    );
    expect(wrong).toEqual([]);
  });

  it("it reads no clock, chance, environment or network", () => {
    const globals = new Set([
      "process",
      "console",
      "fetch",
      "performance",
      "setTimeout",
      "setInterval",
      "setImmediate",
      "queueMicrotask",
      "globalThis",
      "WebSocket",
      "require",
    ]);
    const isImpure = (node: ts.Node): boolean => {
      if (ts.isPropertyAccessExpression(node)) return ["Date.now", "Math.random"].includes(node.getText());
      if (ts.isNewExpression(node)) return node.expression.getText() === "Date" && (node.arguments?.length ?? 0) === 0;
      if (!ts.isIdentifier(node) || !globals.has(node.text)) return false;
      const { parent } = node;
      const isName =
        (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
        ts.isPropertyAssignment(parent) ||
        ts.isPropertySignature(parent);
      return !isName;
    };
    const wrong = coreFiles.flatMap((path) =>
      [...nodes(tree(path))].filter(isImpure).map((node) => `${place(path, node)} ${node.getText()}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe("names and sizes", () => {
  it("no file or folder has a name that says nothing, or a word that the glossary bans", () => {
    const banned = /^(utils?|helpers?|common|misc|managers?|clients?|nodes?|workers?|tasks?|jobs?|experiments?)$/;
    const wrong = CODE.filter((path) => path.split("/").some((part) => part.split(/[.-]/).some((word) => banned.test(word))));
    expect(wrong).toEqual([]);
  });

  it("files have at most 300 lines, functions at most 70", () => {
    const long = CODE.filter((path) => !isTest(path)).flatMap((path) => {
      const lines = text(path).trimEnd().split("\n").length;
      const functions = [...nodes(tree(path))].filter(ts.isFunctionLike).flatMap((node) => {
        const [from, to] = [node.getStart(), node.getEnd()].map((at) => tree(path).getLineAndCharacterOfPosition(at).line);
        const length = (to ?? 0) - (from ?? 0) + 1;
        return length > 70 ? [`${place(path, node)} has a function of ${length} lines`] : [];
      });
      return [...(lines > 300 ? [`${path} has ${lines} lines`] : []), ...functions];
    });
    expect(long).toEqual([]);
  });
});

describe("words", () => {
  /** Attributes that people read or hear. */
  const SAID = new Set(["title", "label", "aria-label", "placeholder", "hint", "under", "aside", "what", "caption", "alt"]);
  /** The same in every language: the brand, names of methods and formats, and commands. */
  const NAMES = new Set([
    "Engraft",
    "FedAvg",
    "Adam",
    "CSV",
    "PNG",
    "sha256",
    "SHA-256",
    "engraft-site approve",
    "engraft-site directory",
    "engraft-site review",
  ]);
  const wordy = (said: string): boolean => /\p{L}{2}/u.test(said) && !NAMES.has(said.trim());

  const JOINS = new Set([
    ts.SyntaxKind.PlusToken,
    ts.SyntaxKind.BarBarToken,
    ts.SyntaxKind.AmpersandAmpersandToken,
    ts.SyntaxKind.QuestionQuestionToken,
  ]);

  /** Literals inside an expression that would be shown: choices and templates, not arguments of calls. */
  function* shown(node: ts.Node): Generator<string> {
    if (ts.isStringLiteralLike(node)) yield node.text;
    else if (ts.isTemplateExpression(node))
      yield [node.head, ...node.templateSpans.map(({ literal }) => literal)].map(({ text: part }) => part).join(" ");
    else if (ts.isConditionalExpression(node)) yield* [...shown(node.whenTrue), ...shown(node.whenFalse)];
    else if (ts.isBinaryExpression(node) && JOINS.has(node.operatorToken.kind)) {
      yield* shown(node.left);
      yield* shown(node.right);
    } else if (ts.isJsxExpression(node) && node.expression !== undefined) yield* shown(node.expression);
    else if (ts.isParenthesizedExpression(node)) yield* shown(node.expression);
  }

  it("the dashboard's words stand in the catalogues, so that each is there in every language", () => {
    const views = CODE.filter((path) => path.startsWith("apps/dashboard/src/") && path.endsWith(".tsx") && !isSupport(path));
    expect(views.length).toBeGreaterThan(50);
    const loose = (path: string): readonly string[] =>
      [...nodes(tree(path))].flatMap((node) => {
        const said = ts.isJsxText(node)
          ? [node.text]
          : ts.isJsxAttribute(node) && SAID.has(node.name.getText()) && node.initializer !== undefined
            ? [...shown(node.initializer)]
            : ts.isJsxExpression(node) && (ts.isJsxElement(node.parent) || ts.isJsxFragment(node.parent))
              ? [...shown(node)]
              : [];
        return said.filter(wordy).map((words) => `${place(path, node)} ${words.trim()}`);
      });
    expect(views.flatMap(loose)).toEqual([]);
  });
});

describe("SPEC.md", () => {
  const rules = [...text("SPEC.md").matchAll(/^- \*\*([A-Z]\d{1,2})\*\*/gm)].map((match) => match[1] ?? "");
  const quoted = new Map<string, string>();
  for (const path of CODE.filter(isTest)) {
    for (const node of nodes(tree(path))) {
      if (!ts.isCallExpression(node) || node.arguments[0] === undefined) continue;
      const [title] = node.arguments;
      if (!ts.isStringLiteralLike(title) && !ts.isTemplateExpression(title)) continue;
      for (const match of title.getText().matchAll(/\[([A-Z]\d{1,2})\]/g)) quoted.set(match[1] ?? "", place(path, node));
    }
  }

  it("numbers each rule once", () => {
    expect(rules.length).toBeGreaterThan(40);
    expect(rules.filter((rule, index) => rules.indexOf(rule) !== index)).toEqual([]);
  });

  it("has a test for every rule", () => {
    expect(rules.filter((rule) => !quoted.has(rule))).toEqual([]);
  });

  it("has every rule that a test quotes", () => {
    expect([...quoted].filter(([rule]) => !rules.includes(rule))).toEqual([]);
  });
});

describe("the checkout", () => {
  it("names no registry host and no path of a developer's machine", () => {
    const forbidden = /registry\.npm|npmjs\.(org|com)|pypi\.org|pythonhosted\.org|deb\.debian|(^|[^\w./-])\/(work|root)\//m;
    const wrong = FILES.filter((path) => !/\.(png|safetensors|npz|ico|woff2?|csv|tsbuildinfo)$/.test(path)).flatMap((path) => {
      const match = forbidden.exec(text(path));
      return match === null ? [] : [`${path}: ${match[0].trim()}`];
    });
    expect(wrong).toEqual([]);
  });

  it("gives a reason for every dependency in ARCHITECTURE.md, and for nothing else", () => {
    const packages = FILES.filter((path) => basename(path) === "package.json").map(
      (path) => JSON.parse(text(path)) as Record<string, Record<string, string> | undefined>,
    );
    const used = new Set(
      packages
        .flatMap((one) => Object.keys({ ...one["dependencies"], ...one["devDependencies"], ...one["optionalDependencies"] }))
        .filter((name) => !name.startsWith("@engraft/")),
    );
    const rows = (text("ARCHITECTURE.md").split(/^## Dependencies$/m)[1] ?? "")
      .split("\n")
      .filter((line) => /^\| *`/.test(line) && (line.split("|")[2] ?? "").trim().length > 10);
    const explained = new Set(rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "")));
    expect({
      unexplained: [...used].filter((name) => !explained.has(name)),
      unused: [...explained].filter((name) => !used.has(name)),
    }).toEqual({ unexplained: [], unused: [] });
  });
});
