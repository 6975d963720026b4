import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The package, with a slash at the end. */
export const root: URL = new URL(".", import.meta.resolve("clusterphone/package.json"));

/** A fenced block of code on a page. */
export interface Block {
  /** Where it stands: the page, the line, and the heading above it. */
  readonly title: string;
  readonly file: string;
  readonly code: string;
  /** A program prints what the page says, a test passes; what is compiled only says so in the comment before it. */
  readonly kind: "program" | "test" | "compiled";
  /** What that comment says further: which runner runs the test, or why it is not run. */
  readonly remark: string;
  /** The lines that the page says it prints, from all its processes. */
  readonly prints: readonly string[];
}

/** A link or picture of a page. */
export interface Reference {
  readonly target: string;
  readonly line: number;
}

/** A page of the documentation. */
export interface Page {
  /** Relative to the package. */
  readonly path: string;
  readonly lines: number;
  readonly blocks: readonly Block[];
  /** Of all that is fenced. */
  readonly languages: readonly string[];
  /** What can stand behind the `#` of a link to it. */
  readonly anchors: ReadonlySet<string>;
  readonly references: readonly Reference[];
}

/** A block, with what stands before and behind it: what else it is than a program, and what it prints. */
const BLOCK =
  /(?:^<!-- (a test|compiled, not run): (.+) -->\n)?^```(ts|js)\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```$)?/gm;
const FENCED = /^ *```(.*)\n[\s\S]*?^ *```$/gm;

/** The README and everything in docs, and the pages at the top that are only looked at for links. */
export function allPages(): Page[] {
  const docs = readdirSync(new URL("docs/", root))
    .filter((name) => name.endsWith(".md"))
    .toSorted();
  const paths = ["README.md", ...docs.map((name) => `docs/${name}`), "CHANGELOG.md", "AGENTS.md"];
  return paths.map(readPage);
}

/** Reads a page; the path is relative to the package. */
export function readPage(path: string): Page {
  const text = readFileSync(fileURLToPath(new URL(path, root)), "utf8");
  // Code out of the way, but every line in its place.
  const prose = text.replace(FENCED, (code) => code.replace(/[^\n]/g, ""));
  return {
    path,
    lines: text.split("\n").length - 1,
    blocks: [...text.matchAll(BLOCK)].map((match) => blockOf(path, text, match)),
    languages: [...text.matchAll(FENCED)].map(([, language = ""]) => language),
    anchors: anchorsOf(prose),
    references: [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(({ 1: target = "", index }) => ({
      target,
      line: lineAt(prose, index),
    })),
  };
}

function blockOf(path: string, text: string, match: RegExpExecArray): Block {
  const [all, mark, remark = "", language = "", code = "", output] = match;
  const line = lineAt(text, match.index + all.indexOf("```"));
  const headings = text.slice(0, match.index).match(/^#+ .*$/gm);
  return {
    title: `${path}:${line}, "${headings?.at(-1)?.replace(/^#+ /, "") ?? ""}"`,
    file: `${path.replace(/\.md$/, "").replaceAll("/", "-")}-line-${line}.${language === "js" ? "mjs" : "ts"}`,
    code,
    kind: mark === undefined ? "program" : mark === "a test" ? "test" : "compiled",
    remark,
    prints:
      output === undefined
        ? [...code.matchAll(/\/\/ -> (.*)$/gm)].map(([, value = ""]) => value)
        : output.trimEnd().split("\n"),
  };
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

/** As GitHub makes them of headings. */
function anchorsOf(prose: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of prose.matchAll(/^#+ (.*)$/gm)) {
    const base = heading
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
      .replaceAll(" ", "-");
    let anchor = base;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${base}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}
