// Writes what is published: a file for each entry of package.json, and what they share, and declarations for require.
// `npm run build` runs it.
import { copyFileSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type OutputOptions, type Plugin } from "rolldown";

/** What package.json says of an entry, for who requires it and for who imports it. */
interface Entry {
  readonly require: Files;
  readonly default: Files;
}

/** Where its declarations are, and its bundle. */
interface Files {
  readonly types: string;
  readonly default: string;
}

/** Found by the package's own name: the compiled files lie deeper than the sources. */
const root = new URL(".", import.meta.resolve("clusterphone/package.json"));
const { dependencies, peerDependencies, exports } = JSON.parse(
  readFileSync(new URL("package.json", root), "utf8"),
) as {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, Entry | string>>;
};

const entries = Object.values(exports).filter((entry) => typeof entry === "object");

/** The source of each entry, by the name of its bundle: whoever adds an entry to package.json is done. */
const input = Object.fromEntries(
  entries.map((entry) => [
    partOf(entry.default.default, /^\.\/dist\/bundle\/(.+)\.js$/),
    `${partOf(entry.default.types, /^\.\/dist\/(lib\/.+)\.d\.ts$/)}.ts`,
  ]),
);

/** Who requires an entry gets the module that is imported: there is only one. */
const required: Plugin = {
  name: "required",
  generateBundle() {
    for (const entry of entries) {
      const fileName = partOf(entry.require.default, /^\.\/dist\/bundle\/(.+\.cjs)$/);
      const source = `module.exports = require("./${basename(entry.default.default)}");\n`;
      this.emitFile({ type: "asset", fileName, source });
    }
  },
};

const output: OutputOptions = {
  dir: "dist/bundle",
  cleanDir: true,
  format: "esm",
  entryFileNames: "[name].js",
  chunkFileNames: "[name].js",
  // What "." needs is in one file, also that of which another entry needs a part. It is no entry by itself,
  // as the others need more of it than is public.
  codeSplitting: { groups: [{ name: "core", test: /[\\/]lib[\\/]index\.ts$/ }] },
  // Nothing has to look whether it is there yet. Were it not, the specs would fail, which run over the modules.
  topLevelVar: true,
  // Not minified: the stack of an error can be read without the maps. Comments are in the sources.
  comments: false,
  sourcemap: true,
  // The sources are in the package too.
  sourcemapExcludeSources: true,
};

export interface Making {
  /** Only to tell how small they are. */
  readonly minify?: boolean;
  /** Into `dist/bundle`. */
  readonly write?: boolean;
}

/** How the bundles are made. */
export function optionsOf({ minify = false, write = false }: Making = {}): BuildOptions {
  return {
    cwd: fileURLToPath(root),
    input,
    platform: "node",
    plugins: [required],
    // They stay dependencies, and who bundles an application has one copy of each.
    external: Object.keys({ ...dependencies, ...peerDependencies }),
    // A warning is a mistake, such as a circle of chunks.
    onwarn({ message }) {
      throw new Error(message);
    },
    output: { ...output, minify },
    write,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await build(optionsOf({ write: true }));
  // They are written by hand, and tsc copies none.
  for (const { types } of entries.map((entry) => entry.require)) {
    const source = partOf(types, /^\.\/dist\/(lib\/.+\.d\.cts)$/);
    copyFileSync(new URL(source, root), new URL(types, root));
  }
}

function partOf(path: string, form: RegExp): string {
  const part = form.exec(path)?.[1];
  if (part === undefined) throw new Error(`${path} in package.json is not of the form ${form}`);
  return part;
}
