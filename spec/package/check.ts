// Checks what npm would publish: packs it, looks at the tarball, and uses it in an empty project.
// Not a spec of the suite, as it installs; `npm run check:package` runs it.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL(".", import.meta.resolve("clusterphone/package.json")));
const folder = mkdtempSync(join(tmpdir(), "clusterphone-package-"));
const project = join(folder, "project");

/** What may be in the tarball; maps only beside the sources they name. */
const PACKED =
  /^package\/(package\.json|README\.md|LICENSE|CHANGELOG\.md|docs\/(journey\.svg|from-v1\.md)|lib\/.+\.ts|dist\/lib\/.+\.(js|d\.ts)(\.map)?)$/;
const NEEDED = [
  "LICENSE",
  "README.md",
  "CHANGELOG.md",
  "docs/journey.svg",
  "lib/index.ts",
  "dist/lib/index.js",
  "dist/lib/index.d.ts",
  "dist/lib/classic/index.js",
  "dist/lib/classic/index.d.ts",
  "dist/lib/testing/index.js",
  "dist/lib/testing/index.d.ts",
  "docs/from-v1.md",
];

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

let passed = 0;
let failed = 0;

async function check(title: string, task: () => unknown): Promise<void> {
  try {
    await task();
    passed++;
    console.log(`ok      ${title}`);
  } catch (error) {
    failed++;
    console.log(`not ok  ${title}\n${(error as Error).message}`);
  }
}

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

function expectEqual(actual: unknown, expected: unknown): void {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== should) throw new Error(`it should be ${should}, but is ${is}`);
}

async function main(): Promise<void> {
  await run(root, "npm", "pack", "--pack-destination", folder);
  const tarball = join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "");

  await check("the tarball holds what it should, and nothing else", async () => {
    const names = (await run(folder, "tar", "-tzf", tarball)).split("\n");
    expectEqual(
      names.filter((name) => !PACKED.test(name)),
      [],
    );
    expectEqual(
      NEEDED.filter((name) => !names.includes(`package/${name}`)),
      [],
    );
  });
  await check("publint finds nothing", () => run(root, bin("publint"), "--strict", tarball));
  await check("the types resolve wherever the code does", () =>
    run(
      root,
      bin("attw"),
      ...[tarball, "--profile", "node16", "--ignore-rules", "cjs-resolves-to-esm"],
    ),
  );

  await run(folder, "mkdir", project);
  const write = (name: string, text: string) => writeFileSync(join(project, name), text);
  write("package.json", '{ "private": true }');
  write("program.mts", PROGRAM);
  write("program.cts", PROGRAM);
  const classic = (load: string) => CLASSIC.replace("LOAD", load);
  write("classic.mts", classic('import clusterphone from "clusterphone/classic";'));
  write("classic.cts", classic('import clusterphone = require("clusterphone/classic");'));
  write("quiet.mjs", QUIET);
  write("tsconfig.json", JSON.stringify(TSCONFIG));

  await check("it installs into an empty project", () =>
    run(project, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", tarball),
  );
  await check("it loads by import, and the process ends by itself", async () => {
    const code = 'import { bus } from "clusterphone"; console.log(bus.name)';
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
  failed++;
  console.log(`not ok  ${(error as Error).message}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
