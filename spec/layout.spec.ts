import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const lib = fileURLToPath(new URL("../../lib", import.meta.url));

/**
 * The folders of lib, from the ground up, and which others each may import from, also for types. A folder
 * names only such as stand above it in this list, so there can be no circle of folders.
 */
const FLOORS: Record<string, readonly string[]> = {
  errors: [],
  time: [],
  wire: ["errors"],
  links: ["errors", "time", "wire"],
  carried: ["errors", "time", "wire", "links"],
  message: ["errors", "time", "wire", "links"],
  chain: ["message"],
  outbox: ["time", "wire", "links", "message"],
  namespace: ["errors", "time", "message", "chain"],
  middleware: ["errors", "message", "chain"],
  peer: ["errors", "time", "wire", "links", "message", "chain", "outbox", "namespace"],
  dispatch: ["errors", "time", "wire", "message", "namespace", "outbox", "peer"],
  emit: ["errors", "time", "message", "peer", "dispatch"],
  bus: [
    ...["errors", "time", "links", "message", "chain", "outbox", "namespace", "middleware"],
    ...["peer", "dispatch", "emit"],
  ],
  "central.ts": ["links", "bus"],
  "index.ts": [
    ...["errors", "wire", "links", "message", "chain", "outbox", "namespace", "middleware"],
    ...["emit", "bus", "central.ts"],
  ],
  prometheus: ["errors", "time", "message", "bus"],
  testing: ["errors", "links", "message", "bus"],
  nats: [...["errors", "time", "links", "carried", "message", "bus"]],
  classic: [
    ...["errors", "time", "wire", "message", "chain", "namespace", "peer", "emit", "bus"],
    "central.ts",
  ],
};

/** Of a folder that is a seam, the files that others may import; the rest is its own affair. */
const DOORS: Record<string, readonly string[]> = {
  links: ["link.ts", "connector.ts", "hold.ts", "absent.ts", "ending.ts"],
};

/** Who opens another door: the package says which links there are. */
const KEYS: Record<string, readonly string[]> = {
  "central.ts": ["links/node.ts"],
  "testing/index.ts": ["links/memory.ts"],
};

const MOST_LINES = 430;

interface Import {
  readonly from: string;
  readonly to: string;
}

const files = readdirSync(lib, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .toSorted();
const imports: Import[] = files.flatMap((from) =>
  [...textOf(from).matchAll(/^(?:import|export)\s[^;]*?from "(\.[^"]+)"/gms)].map(
    ([, path = ""]) => ({
      from,
      to: normalize(join(dirname(from), path)),
    }),
  ),
);

function textOf(file: string): string {
  return readFileSync(join(lib, file), "utf8");
}

/** The folder of a file, or the file itself if it lies in none. */
function placeOf(file: string): string {
  return file.split("/")[0] ?? file;
}

function between(from: string, to: string): Import[] {
  return imports.filter((each) => placeOf(each.from) === from && placeOf(each.to) === to);
}

const told = ({ from, to }: Import) => `${from} -> ${to}`;

describe("the layout of lib", () => {
  it("has a floor for every folder, and names no folder that is not there", () => {
    expect(Object.keys(FLOORS)).to.have.members([...new Set(files.map(placeOf))]);
  });

  it("stands on itself: a floor names only such as are below it", () => {
    const below = new Set<string>();
    for (const [floor, known] of Object.entries(FLOORS)) {
      expect([...below], `what ${floor} may know`).to.include.members([...known]);
      below.add(floor);
    }
  });

  for (const page of ["README.md", "AGENTS.md"]) {
    it(`is drawn in ${page}, each folder above what it knows`, () => {
      const text = readFileSync(new URL(`../../${page}`, import.meta.url), "utf8");
      const tree = /^lib\/.*\n((?: .*\n)+)/m.exec(text)?.[1] ?? "";
      const drawn = [...tree.matchAll(/^ {2}([\w.]+)/gm)].map(([, name = ""]) => name);
      const isDrawn = (place: string) => place !== "index.ts";
      expect(drawn).to.have.members(Object.keys(FLOORS).filter(isDrawn));
      for (const [index, place] of drawn.entries()) {
        expect(drawn.slice(index + 1), place).to.include.members(FLOORS[place] ?? []);
      }
    });
  }

  it("lets a folder know only what its floor names", () => {
    const strangers = imports.filter(({ from, to }) => {
      const [place, other] = [placeOf(from), placeOf(to)];
      return place !== other && !FLOORS[place]?.includes(other);
    });
    expect(strangers.map(told)).to.deep.equal([]);
  });

  it("names nothing that is not needed", () => {
    const idle = Object.entries(FLOORS).flatMap(([floor, known]) =>
      known
        .filter((other) => between(floor, other).length === 0)
        .map((other) => `${floor} -> ${other}`),
    );
    expect(idle).to.deep.equal([]);
  });

  it("goes into a folder that is a seam by its doors only", () => {
    const intruders = imports.filter(({ from, to }) => {
      const doors = DOORS[placeOf(to)];
      if (!doors || placeOf(from) === placeOf(to)) return false;
      const isDoor = doors.includes(to.slice(placeOf(to).length + 1));
      return !isDoor && !KEYS[from]?.includes(to);
    });
    expect(intruders.map(told)).to.deep.equal([]);
  });

  it("has no circle of files, not even of types", () => {
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      expect(path, `a circle: ${[...path, file].join(" -> ")}`).to.not.include(file);
      if (done.has(file)) return;
      for (const { from, to } of imports) if (from === file) visit(to, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
  });

  it("makes next() in one file only", () => {
    const makers = files.filter((file) => /\blayer\(\s*\w+(\.\w+)*\s*,\s*\(\)/.test(textOf(file)));
    expect(makers).to.deep.equal(["chain/run.ts"]);
  });

  it("keeps every file short", () => {
    const long = files.filter((file) => textOf(file).split("\n").length > MOST_LINES);
    expect(long).to.deep.equal([]);
  });
});
