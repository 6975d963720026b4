// The code blocks of the README compile, run, and print what their `// ->` comments say.
//
// A ts block is a fragment, run between PREAMBLE and EPILOGUE, unless the comment before it says
// `<!-- program -->` (a whole file) or `<!-- types -->` (compiled only). A js block is a program.
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const root = new URL(".", import.meta.resolve("clusterphone/package.json"));
const folder = new URL("dist/readme/", root);
const BLOCK = /(?:<!-- (program|types) -->\n)?^```(ts|js)\n([\s\S]*?)^```$/gm;

/** One bus plays both sides: what is sent into one port arrives on the other. */
const PREAMBLE = `
import { MessageChannel as Channel } from "node:worker_threads";
import { bus, type PeerTarget } from "clusterphone";
const { port1, port2 } = new Channel();
const worker: PeerTarget = port1;
const app = bus.ns("app");
for (const port of [port1, port2]) bus.to(port);
`;
const EPILOGUE = "await bus.close();";

const TSCONFIG = {
  extends: "../../tsconfig.json",
  compilerOptions: {
    rootDir: ".",
    outDir: ".",
    types: ["node"],
    noUnusedLocals: false,
    noUnusedParameters: false,
    isolatedDeclarations: false,
    declaration: false,
    declarationMap: false,
    sourceMap: false,
  },
  include: ["*.ts"],
  exclude: [],
};

interface Block {
  readonly title: string;
  readonly file: string;
  readonly text: string;
  readonly runs: boolean;
  /** What it prints, a line each. */
  readonly prints: string[];
}

const blocks = blocksOf(readFileSync(new URL("README.md", root), "utf8"));

function blocksOf(readme: string): Block[] {
  return [...readme.matchAll(BLOCK)].map(
    ({ 0: { length }, 1: mark, 2: language, 3: code = "", index }) => {
      const line = readme.slice(0, index + length).split("\n").length - code.split("\n").length;
      const isWhole = language === "js" || mark === "program";
      return {
        title: `line ${line}, "${
          /^#+ (.*)$/m.exec(
            readme
              .slice(0, index)
              .split(/^(?=#+ )/m)
              .at(-1) ?? "",
          )?.[1]
        }"`,
        file: language === "js" ? `line-${line}.mjs` : `line-${line}.ts`,
        text: isWhole ? code : fragment(code),
        runs: mark !== "types",
        prints: [...code.matchAll(/\/\/ -> (.*)$/gm)].map(([, value = ""]) => value),
      };
    },
  );
}

/** The fragment stands in braces, so that it may declare an `app` of its own. */
function fragment(code: string): string {
  const imports = code.match(/^import [\s\S]*?;$/gm) ?? [];
  const rest = code.replace(/^import [\s\S]*?;$/gm, "");
  return [...imports, PREAMBLE, "{", rest, "}", EPILOGUE].join("\n");
}

function run(file: URL, ...parameters: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd: fileURLToPath(root), timeout: 15_000 };
    execFile(process.execPath, [fileURLToPath(file), ...parameters], options, (error, out, err) =>
      error ? reject(new Error(`${error.message}\n${out}${err}`)) : resolve(out),
    );
  });
}

describe("the README", () => {
  let compiled: Promise<string>;

  before(() => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(new URL("tsconfig.json", folder), JSON.stringify(TSCONFIG));
    for (const { file, text } of blocks) writeFileSync(new URL(file, folder), text);
    compiled = run(new URL("node_modules/typescript/bin/tsc", root), "-p", fileURLToPath(folder));
    return compiled.catch(() => undefined);
  });

  it("has code, and every TypeScript block compiles", async () => {
    expect(blocks).to.have.length.above(20);
    await compiled;
  });

  /** One block runs while the one before is looked at: each takes the start of a process. */
  const runnable = blocks.filter((block) => block.runs);
  const runs = new Map<number, Promise<string>>();
  const runAhead = (index: number): Promise<string> => {
    const file = runnable[index]?.file.replace(/\.ts$/, ".js") ?? "";
    const running = runs.get(index) ?? run(new URL(file, folder));
    running.catch(() => undefined);
    runs.set(index, running);
    return running;
  };

  for (const [index, { title, prints }] of runnable.entries()) {
    it(`prints what it says: ${title}`, async () => {
      expect(prints, "lines it is said to print").to.have.length.above(0);
      const running = runAhead(index);
      if (index + 1 < runnable.length) void runAhead(index + 1);
      const printed = await running;
      expect(printed.trimEnd().split("\n")).to.deep.equal(prints);
    });
  }
});
