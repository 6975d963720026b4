// Writes what is published: a file for each entry of package.json, and what they share. `npm run build` runs it.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type OutputOptions } from "rolldown";

/** What package.json says of an entry: where its declarations are, and its bundle. */
interface Entry {
  readonly types: string;
  readonly default: string;
}

/** Found by the package's own name: the compiled files lie deeper than the sources. */
const root = new URL(".", import.meta.resolve("clusterphone/package.json"));
const { dependencies, exports } = JSON.parse(
  readFileSync(new URL("package.json", root), "utf8"),
) as {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, Entry | string>>;
};

/** The source of each entry, by the name of its bundle: whoever adds an entry to package.json is done. */
const input = Object.fromEntries(
  Object.values(exports)
    .filter((entry) => typeof entry === "object")
    .map((entry) => [
      partOf(entry.default, /^\.\/dist\/bundle\/(.+)\.js$/),
      `${partOf(entry.types, /^\.\/dist\/(lib\/.+)\.d\.ts$/)}.ts`,
    ]),
);

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
    // They stay dependencies, and who bundles an application has one copy of each.
    external: Object.keys(dependencies),
    // A warning is a mistake, such as a circle of chunks.
    onwarn({ message }) {
      throw new Error(message);
    },
    output: { ...output, minify },
    write,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build(optionsOf({ write: true }));

function partOf(path: string, form: RegExp): string {
  const part = form.exec(path)?.[1];
  if (part === undefined) throw new Error(`${path} in package.json is not of the form ${form}`);
  return part;
}
