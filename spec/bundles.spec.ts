import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { build } from "rolldown";
import { optionsOf } from "../bundle.ts";

const folder = fileURLToPath(
  new URL("dist/bundle", import.meta.resolve("clusterphone/package.json")),
);

/** What loads the package by its name, as the README and the examples do, runs the bundles. */
describe("the bundles", () => {
  it("are made of the sources as they are; if not, npm run build", async () => {
    const { output } = await build(optionsOf());
    const made = new Map(
      output.map((file) => [file.fileName, file.type === "chunk" ? file.code : file.source]),
    );
    expect(readdirSync(folder).toSorted()).to.deep.equal([...made.keys()].toSorted());
    for (const [name, text] of made) {
      const isSame = readFileSync(join(folder, name), "utf8") === text;
      expect(isSame, `${name} is made of these sources`).to.equal(true);
    }
  });
});
