import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const root = fileURLToPath(new URL("../..", import.meta.url));
const lib = join(root, "lib");

/** The sources under lib, by their path from there. */
const files = readdirSync(lib, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".ts"),
);

/** What a file imports at run time, and what only as types. */
function importsOf(file: string): { values: string[]; types: string[] } {
  const text = readFileSync(join(lib, file), "utf8");
  const values: string[] = [];
  const types: string[] = [];
  for (const [, clause = "", from = ""] of text.matchAll(
    /^(?:import|export)\s+([^;]*?)\s*from "(\.[^"]+)"/gms,
  )) {
    const target = normalize(join(dirname(file), from));
    const onlyTypes =
      clause.startsWith("type ") ||
      [...clause.matchAll(/[{,]\s*([^,}]+)/g)].every(([, name = ""]) => name.startsWith("type "));
    (onlyTypes ? types : values).push(target);
  }
  return { values, types };
}

describe("the layout of lib", () => {
  it("lets links know neither bus nor middleware", () => {
    const allowed = [
      "errors/bus-error.ts",
      "wire/protocol.ts",
      "errors/check.ts",
      "wire/handle.ts",
    ];
    for (const file of files.filter((each) => each.startsWith("links/"))) {
      const { values, types } = importsOf(file);
      const above = [...values, ...types].filter(
        (each) => !each.startsWith("links/") && !allowed.includes(each),
      );
      expect(above, file).to.deep.equal([]);
    }
  });

  it("lets middleware know neither links nor the bus", () => {
    const allowed = [
      "chain/run.ts",
      "errors/bus-error.ts",
      "message/message.ts",
      "message/inbound-event.ts",
      "message/outbound-event.ts",
    ];
    for (const file of files.filter((each) => each.startsWith("middleware/"))) {
      const { values, types } = importsOf(file);
      expect(
        [...values, ...types].filter((each) => !allowed.includes(each)),
        file,
      ).to.deep.equal([]);
    }
  });

  it("lets nothing else know classic", () => {
    const isClassic = (file: string) => file.startsWith("classic/");
    for (const file of files.filter((each) => !isClassic(each))) {
      const { values, types } = importsOf(file);
      expect([...values, ...types].filter(isClassic), file).to.deep.equal([]);
    }
  });

  it("lets nothing but the hub and the index know which links there are", () => {
    const seams = ["links/link.ts", "links/dialect.ts", "links/hold.ts"];
    const knowing = files.filter((file) => {
      if (file.startsWith("links/")) return false;
      const { values, types } = importsOf(file);
      return [...values, ...types].some(
        (each) => each.startsWith("links/") && !seams.includes(each),
      );
    });
    expect(knowing).to.have.members(["bus/hub.ts", "index.ts"]);
  });

  it("has no circle of imports at run time", () => {
    const visit = (file: string, path: string[]): void => {
      expect(path, `a circle: ${[...path, file].join(" -> ")}`).to.not.include(file);
      for (const next of importsOf(file).values) visit(next, [...path, file]);
    };
    for (const file of files) visit(file, []);
  });

  it("runs next() in one file only, and keeps every file short", () => {
    for (const file of files) {
      const lines = readFileSync(join(lib, file), "utf8").split("\n").length;
      expect(lines, `${relative(root, join(lib, file))} wants to be two files`).to.be.below(500);
    }
  });
});
