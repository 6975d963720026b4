// Checks what npm would publish: packs it, looks at the tarball, and uses it in an empty project.
// Not a spec of the suite, as it installs; `npm run check:package` runs it.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";
import { optionsOf } from "../../bundle.ts";
import { check, conclude, fail } from "../support/checks.ts";
import { deadLinks } from "./links.ts";

const root = fileURLToPath(new URL(".", import.meta.resolve("clusterphone/package.json")));
const folder = mkdtempSync(join(tmpdir(), "clusterphone-package-"));
const project = join(folder, "project");
const installed = join(project, "node_modules/clusterphone");

/** What may be in the tarball; maps only beside the sources they name. */
const PACKED = new RegExp(
  `^(${[
    /package\.json|LICENSE|(README|AGENTS|CHANGELOG|CONTRIBUTING|SECURITY)\.md/,
    /docs\/.+\.(md|svg)|examples\/.+\.ts|bench\/results\/.+\.md/,
    /lib\/.+\.c?ts|dist\/lib\/.+\.d\.(ts(\.map)?|cts)|dist\/bundle\/[^/]+\.(js(\.map)?|cjs)/,
  ]
    .map(({ source }) => source)
    .join("|")})$`,
);
const NEEDED = ["LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;

/** Each entry of package.json, by the name that it is loaded by, with the files of its code and its declarations. */
const entries = Object.entries(manifest.exports).flatMap(([path, files]) =>
  typeof files === "string"
    ? []
    : [
        {
          name: `clusterphone${path.slice(1)}`,
          files: Object.values(files).flatMap((kind) => Object.values(kind)),
        },
      ],
);

interface Manifest {
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<
    Record<string, string | Readonly<Record<string, Readonly<Record<string, string>>>>>
  >;
}

/** What `import "clusterphone"` may read: the entry and the core, and the two files of eventemitter3. */
const MOST_FILES = 4;
/** Of what the package itself has of them, minified, in bytes: what is added has to be worth it. */
const MOST_BYTES = 141_000;

/** The same program in either kind of module: it uses the types, and a message really crosses. */
const PROGRAM = `
import { MessageChannel } from "node:worker_threads";
import { bus, BusError, type Bus, queueing } from "clusterphone";

interface Sums { add(pair: { a: number; b: number }): number; }
async function main(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const sums: Bus<Sums> = bus.use(queueing({ messages: 10 })).ns<Sums>("sums");
  sums.on("add", ({ a, b }) => a + b);
  bus.to(port2);
  const sum: number = await sums.to(port1).emit("add", { a: 1, b: 2 }).ackd();
  // @ts-expect-error: the name is wrong, and the types know
  const unknown: unknown = await sums.to(port1).emit("ad", 1).ackd().catch((error) => error);
  console.log(sum, unknown instanceof BusError && unknown.code);
  await bus.close();
}
void main();
`;
const PRINTS = "3 ERR_UNHANDLED";

const TSCONFIG = {
  compilerOptions: {
    target: "es2023",
    module: "nodenext",
    strict: true,
    outDir: "out",
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
  },
  files: ["program.mts", "program.cts", "classic.mts", "classic.cts"],
};

/** Whether what require gives has, by its types, all that import gives. */
const COMPLETE = `
import * as required from "clusterphone";
import type * as Imported from "clusterphone" with { "resolution-mode": "import" };
import * as requiredTesting from "clusterphone/testing";
import type * as ImportedTesting from "clusterphone/testing" with { "resolution-mode": "import" };

import * as requiredPrometheus from "clusterphone/prometheus";
import type * as ImportedPrometheus from "clusterphone/prometheus" with { "resolution-mode": "import" };

export const all: typeof Imported = required;
export const prometheus: typeof ImportedPrometheus = requiredPrometheus;
export const testing: typeof ImportedTesting = requiredTesting;
`;

/** The oldest TypeScript that has to understand the types, the last one written in itself, and the newest. */
const TYPESCRIPTS = ["5.4", "6", "7"];

/** Compiled by each of them, with the declarations of the package themselves. */
const TSCONFIG_TYPES = {
  compilerOptions: { ...TSCONFIG.compilerOptions, target: "es2022", noEmit: true },
  files: [
    ...["fits.mts", "fits.cts", "fits-not.mts", "fits-not.cts"],
    ...["classic.mts", "classic.cts", "complete.cts"],
  ],
};

/** The bridge from version 1, in either kind of module; the worker is the same program. */
const CLASSIC = `
import cluster, { type Worker } from "node:cluster";
LOAD
import type { Acknowledge, Namespace } from "clusterphone/classic";

const app: Namespace = clusterphone.ns("app");
if (cluster.isPrimary) {
  const worker: Worker = cluster.fork();
  void app.sendTo(worker, "add", { a: 1, b: 2 }).ackd<number>((error, sum) => {
    console.log(error, sum, clusterphone("app") === app, clusterphone.ackTimeout);
    worker.kill();
  });
} else {
  app.handlers["add"] = ({ a, b }: { a: number; b: number }, _fd: unknown, ack: Acknowledge) => ack(null, a + b);
}
`;
const CLASSIC_PRINTS = "null 3 true 10000";

/** A forked child that loads the package and nothing else: it ends, and has said nothing. */
const QUIET = `
import { fork } from "node:child_process";
if (process.send) await import("clusterphone");
else {
  const child = fork(process.argv[1]);
  const said = [];
  child.on("message", (message) => said.push(message));
  child.on("exit", (code, signal) => console.log(code, signal, said.length));
}
`;

/** Resolves to what the command printed; rejects, with all it printed, if it fails or hangs. */
function run(cwd: string, command: string, ...parameters: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, parameters, { cwd, timeout: 300_000 }, (error, out, err) => {
      if (error) reject(new Error(`${error.message}\n${out}${err}`));
      else resolve(out.trim());
    });
  });
}

const node = (...parameters: string[]) => run(project, process.execPath, ...parameters);
const bin = (name: string) => join(root, "node_modules/.bin", name);

/** The modules that Node runs for a program, as its coverage names them. */
async function filesReadBy(program: string): Promise<string[]> {
  const coverage = join(folder, "coverage");
  const flags = ["--input-type=module", "-e", program];
  await run(project, "env", `NODE_V8_COVERAGE=${coverage}`, process.execPath, ...flags);
  return readdirSync(coverage).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(coverage, name), "utf8")) as {
      result: { url: string }[];
    };
    return result.map(({ url }) => url).filter((url) => url.includes("/node_modules/"));
  });
}

/** Whether a bundle hands on what another has: it has no lines of its own, and no map. */
function isOnlyNames(text: string): boolean {
  return /^import \{[^}]*\} from "[^"]+";\s*export \{[^}]*\};\s*$/.test(text);
}

function expectEqual(actual: unknown, expected: unknown): void {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== should) throw new Error(`it should be ${should}, but is ${is}`);
}

async function main(): Promise<void> {
  await run(root, "npm", "pack", "--pack-destination", folder);
  const tarball = join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "");

  const names = (await run(folder, "tar", "-tzf", tarball))
    .split("\n")
    .map((name) => name.replace("package/", ""));
  const without = (needed: readonly string[]) => needed.filter((name) => !names.includes(name));
  await check("the tarball holds what it should, and nothing else", () => {
    expectEqual(
      names.filter((name) => !PACKED.test(name)),
      [],
    );
    expectEqual(without(NEEDED), []);
    const files = entries.flatMap((entry) => entry.files);
    expectEqual(without(files.map((file) => file.replace("./", ""))), []);
  });
  await check("each declaration has its source", () => {
    const declared = names.filter((name) => name.endsWith(".d.ts"));
    expectEqual(
      without(declared.map((name) => name.slice("dist/".length, -".d.ts".length).concat(".ts"))),
      [],
    );
  });
  await check("publint finds nothing", () => run(root, bin("publint"), "--strict", tarball));
  await check("the types resolve wherever the code does", () =>
    run(root, bin("attw"), tarball, "--profile", "node16"),
  );

  await run(folder, "mkdir", project);
  const write = (name: string, text: string) => writeFileSync(join(project, name), text);
  write("package.json", '{ "private": true }');
  write("program.mts", PROGRAM);
  write("program.cts", PROGRAM);
  const classic = (load: string) => CLASSIC.replace("LOAD", load);
  write("classic.mts", classic('import clusterphone from "clusterphone/classic";'));
  write("classic.cts", classic('import clusterphone = require("clusterphone/classic");'));
  write("complete.cts", COMPLETE);
  for (const name of ["fits", "fits-not"]) {
    const text = readFileSync(join(root, `spec/types/${name}.ts`), "utf8");
    for (const kind of ["mts", "cts"]) write(`${name}.${kind}`, text);
  }
  write("quiet.mjs", QUIET);
  write("tsconfig.json", JSON.stringify(TSCONFIG));
  write("tsconfig.types.json", JSON.stringify(TSCONFIG_TYPES));

  await check("it installs into an empty project", () =>
    run(project, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", tarball),
  );
  await check("it installs nothing that is optional, and runs without", async () => {
    const code = 'await import("clusterphone"); await import("clusterphone/prometheus")';
    const failed = await node("--input-type=module", "-e", code).catch(String);
    expectEqual(/Cannot find package 'prom-client'/.test(String(failed)), true);
  });
  await check("what is optional can be added", () => {
    const optional = Object.entries(manifest.peerDependencies).map((each) => each.join("@"));
    return run(
      project,
      "npm",
      "install",
      "--prefer-offline",
      "--no-audit",
      "--no-fund",
      ...optional,
    );
  });
  await check("no link and no picture of a page is dead", () => {
    const pages = names.filter((name) => name.endsWith(".md"));
    expectEqual(deadLinks(installed, pages), []);
  });
  await check("the maps of the bundles lead to the sources beside them", () => {
    const bundles = names.filter((name) => /^dist\/bundle\/.+\.js$/.test(name));
    for (const name of bundles) {
      const text = readFileSync(join(installed, name), "utf8");
      if (isOnlyNames(text)) continue;
      const map = join(dirname(name), /\/\/# sourceMappingURL=(.+)/.exec(text)?.[1] ?? "");
      const { sources } = JSON.parse(readFileSync(join(installed, map), "utf8")) as {
        sources: string[];
      };
      expectEqual(sources.length > 0, true);
      expectEqual(without(sources.map((source) => join(dirname(map), source))), []);
    }
  });
  await check("the stack of an error is one of the sources", async () => {
    const code =
      'import { bus } from "clusterphone"; try { bus.on("foo", 1); } catch (error) { console.log(error.stack); }';
    const stack = await node("--enable-source-maps", "--input-type=module", "-e", code);
    const [, file = "", line = 0] = /\((.+\/lib\/.+\.ts):(\d+):\d+\)/.exec(stack) ?? [];
    expectEqual(
      /new TypeError/.test(readFileSync(file, "utf8").split("\n")[Number(line) - 1] ?? ""),
      true,
    );
  });
  await check(
    `the package reads at most ${MOST_FILES} files, of which its own are at most ${MOST_BYTES} bytes minified`,
    async () => {
      const files = await filesReadBy('import "clusterphone";');
      if (files.length > MOST_FILES) throw new Error(files.join("\n"));
      const { output } = await build(optionsOf({ minify: true }));
      const bytes = output
        .filter(({ fileName }) => files.some((file) => basename(file) === fileName))
        .reduce((sum, file) => sum + (file.type === "chunk" ? Buffer.byteLength(file.code) : 0), 0);
      console.log(`        ${files.length} files, ${bytes} bytes minified`);
      if (bytes === 0 || bytes > MOST_BYTES) throw new Error(`${bytes} bytes of ${MOST_BYTES}`);
    },
  );
  for (const { name } of entries) {
    await check(`${name} loads by import and by require, and is the same`, async () => {
      const code =
        `process.on("warning", console.log); const required = require("${name}"); import("${name}").then((it) =>` +
        ' setImmediate(() => console.log((it["module.exports"] ?? it) === required)))';
      expectEqual(await node("--input-type=commonjs", "-e", code), "true");
    });
  }
  await check("it loads by import, and the process ends by itself", async () => {
    const code = 'import { bus } from "clusterphone"; console.log(bus.namespace)';
    expectEqual(await node("--input-type=module", "-e", code), "_");
  });
  await check("it loads by require, without a warning, and is the same bus", async () => {
    const code =
      'const { bus } = require("clusterphone"); process.on("warning", console.log);' +
      'import("clusterphone").then((it) => setImmediate(() => console.log(it.bus === bus)))';
    expectEqual(await node("--input-type=commonjs", "-e", code), "true");
  });
  await check(
    "classic loads by require as what can be called, and by import is the same",
    async () => {
      const code =
        'const phone = require("clusterphone/classic"); process.on("warning", console.log);' +
        'import("clusterphone/classic").then((it) => setImmediate(() => console.log(it.default === phone, phone("x").name)))';
      expectEqual(await node("--input-type=commonjs", "-e", code), "true x");
    },
  );
  await check("the package does not load classic", async () => {
    const code =
      'await import("clusterphone"); console.log(process.__clusterphone, process.eventNames().length,' +
      " Object.getOwnPropertySymbols(globalThis).filter((each) => /classic/.test(String(each))).length)";
    expectEqual((await node("--input-type=module", "-e", code)).split(" ").at(0), "undefined");
  });
  await check("a child that only loads it ends by itself, and has sent nothing", async () => {
    expectEqual(await node("quiet.mjs"), "0 null 0");
  });
  await check("a project in TypeScript compiles, as ESM and as CommonJS", () =>
    run(project, process.execPath, join(root, "node_modules/typescript/bin/tsc"), "-p", project),
  );
  for (const version of TYPESCRIPTS) {
    for (const module of ["node16", "nodenext"]) {
      await check(
        `TypeScript ${version} takes what fits, and no more, with module ${module}`,
        () => {
          const typescript = ["--yes", "--package", `typescript@${version}`, "tsc"];
          return run(
            project,
            "npx",
            ...typescript,
            "-p",
            "tsconfig.types.json",
            "--module",
            module,
          );
        },
      );
    }
  }
  for (const [file, prints] of [
    ["out/program.mjs", PRINTS],
    ["out/program.cjs", PRINTS],
    ["out/classic.mjs", CLASSIC_PRINTS],
    ["out/classic.cjs", CLASSIC_PRINTS],
  ] as const) {
    await check(`${file} runs`, async () => expectEqual(await node(file), prints));
  }
}

try {
  await main();
} catch (error) {
  fail("the checks went on to their end", error);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
conclude();
