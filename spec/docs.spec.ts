// The code on the pages compiles, runs as it stands, and prints what the page says; and the links lead somewhere.
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { allPages, root } from "./support/pages.ts";
import { SILENCE } from "./support/processes.ts";
import { besideEachOther } from "./support/relay.ts";

/** Of this suite alone: another may run beside it. */
const folder = new URL(`dist/docs-${process.pid}/`, root);
/** A block that takes longer than this (ms) hangs. */
const HANG = 60_000;
/** A README that is longer is not read. */
const MOST_LINES = 350;
/** Blocks that only show a form are not tried, so there may be few of them. */
const MOST_UNTRIED = 0.1;

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

const pages = allPages();
const blocks = pages.flatMap((page) => page.blocks);

interface Output {
  readonly out: string;
  readonly err: string;
}

/** The runners of the blocks that are tests: how they are called, and how they say that so many have passed. */
const RUNNERS: Record<string, { parameters: readonly string[]; passed: RegExp }> = {
  "node --test": { parameters: ["--test"], passed: /\bpass (\d+)/ },
  mocha: {
    parameters: [fileIn(root, "node_modules/mocha/bin/mocha.js"), "--no-config"],
    passed: /(\d+) passing/,
  },
};

function fileIn(place: URL, file: string): string {
  return fileURLToPath(new URL(file, place));
}

/** Runs Node to its end; rejects if it fails. */
function run(parameters: readonly string[]): Promise<Output> {
  return new Promise((resolve, reject) => {
    const options = { cwd: fileURLToPath(folder), timeout: HANG };
    execFile(process.execPath, parameters, options, (error, out, err) =>
      error ? reject(new Error(`${error.message}\n${out}${err}`)) : resolve({ out, err }),
    );
  });
}

describe("the documentation", () => {
  let compiled: Promise<Output>;

  before(() => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(new URL("tsconfig.json", folder), JSON.stringify(TSCONFIG));
    for (const { file, code } of blocks) writeFileSync(new URL(file, folder), code);
    compiled = run([fileIn(root, "node_modules/typescript/bin/tsc"), "-p", fileIn(folder, "")]);
    return compiled.catch(() => undefined);
  });

  after(() => rmSync(folder, { recursive: true }));

  it("has code, and every TypeScript block compiles", async () => {
    expect(blocks).to.have.length.above(30);
    await compiled;
  });

  it("has no block in a language that would not be tried", () => {
    const languages = new Set(pages.flatMap((page) => page.languages));
    expect([...languages]).to.have.members(["js", "ts", "text", "sh", "diff"]);
  });

  it("has few blocks that are compiled only, and all of these are compiled", () => {
    const untried = blocks.filter(({ kind }) => kind === "compiled");
    expect(untried.length).to.be.below(blocks.length * MOST_UNTRIED);
    for (const { file, title } of untried) expect(file, title).to.match(/\.ts$/);
  });

  it("begins with a README that one can read", () => {
    expect(pages[0]?.lines).to.be.at.most(MOST_LINES);
  });

  it("names its pages alike, and lists each in the index", () => {
    const index = pages.find(({ path }) => path === "docs/README.md");
    const listed = index?.references.map(({ target }) => target);
    const others = pages.flatMap(({ path }) => /^docs\/(?!README)(.*)$/.exec(path)?.[1] ?? []);
    expect(others).to.have.length.above(10);
    for (const name of others) expect(name).to.match(/^[a-z0-9]+(-[a-z0-9]+)*\.md$/);
    expect(listed).to.include.members(others);
  });

  for (const { path, references } of pages.filter((page) => page.references.length > 0)) {
    it(`has links that lead somewhere: ${path}`, () => {
      for (const { target, line } of references.filter((each) => !isElsewhere(each.target))) {
        const [file = "", anchor] = target.split("#");
        const place = file === "" ? new URL(path, root) : new URL(file, new URL(path, root));
        expect(existsSync(place), `${path}:${line}: ${target} exists`).to.equal(true);
        if (anchor === undefined) continue;
        const page = pages.find((each) => new URL(each.path, root).href === place.href);
        expect([...(page?.anchors ?? [])], `${path}:${line}: ${target}`).to.include(anchor);
      }
    });
  }

  it("explains error texts that there are", () => {
    const sources = readdirSync(new URL("lib/", root), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => readFileSync(new URL(`lib/${file}`, root), "utf8"))
      .join("\n");
    const page = readFileSync(new URL("docs/troubleshooting.md", root), "utf8");
    const texts = [...page.matchAll(/^\| `(.+?)` \|/gm)].map(([, text = ""]) => text);
    expect(texts).to.have.length.above(20);
    for (const text of texts) expect(sources.includes(text), text).to.equal(true);
  });

  it("has every error code in the README, and no other", () => {
    const readme = readFileSync(new URL("README.md", root), "utf8");
    const source = readFileSync(new URL("lib/errors/bus-error.ts", root), "utf8");
    const named = [...readme.matchAll(/^\| `(ERR_\w+)` \|/gm)].map(([, code]) => code);
    const known = [...source.matchAll(/^ {2}\| "(ERR_\w+)"/gm)].map(([, code]) => code);
    expect(named).to.have.members(known);
  });

  const itBesideOthers = besideEachOther();
  for (const { file, title, prints } of blocks.filter(({ kind }) => kind === "program")) {
    itBesideOthers(`prints what it says: ${title}`, async () => {
      expect(prints, "lines it is said to print").to.have.length.above(0);
      const { out, err } = await run([fileIn(folder, file.replace(/\.ts$/, ".js"))]);
      expect(out.trimEnd().split("\n")).to.deep.equal(prints);
      // That a process takes seconds to start says something of the machine.
      expect(err.replace(SILENCE, "")).to.equal("");
    });
  }

  for (const { file, title, remark, code } of blocks.filter(({ kind }) => kind === "test")) {
    itBesideOthers(`passes: ${title}`, async () => {
      const runner = RUNNERS[remark];
      if (!runner) throw new TypeError(`there is no runner "${remark}"`);
      const { out } = await run([...runner.parameters, fileIn(folder, file)]);
      const tests = code.match(/^ *(?:test|it)\(/gm)?.length;
      expect(Number(runner.passed.exec(out)?.[1]), out).to.equal(tests);
    });
  }
});

function isElsewhere(target: string): boolean {
  return /^https?:/.test(target);
}
