import { expect } from "chai";
import { endAll, ended, start } from "../support/processes.ts";
import { Relay } from "../support/relay.ts";

/** What either side got, of what the other sent it: at once, and after it had to wait. */
type Got = readonly [what: string, text: string];

const SIDES = ["classic", "1.0.1"];

/** What only one of the two serializations carries; version 1 itself throws it where Node does. */
const REFUSED = { json: "Do not know how to serialize a BigInt", advanced: "could not be cloned" };

for (const serialization of ["advanced", "json"] as const) {
  describe(`what version 1 carries on a channel with ${serialization}`, () => {
    const relay = new Relay();
    const gotBy = (primary: string, worker: string) =>
      relay.add(async () => {
        const args = [serialization, primary, worker];
        const { output } = await ended(start("classic-payloads", args, { silent: true }));
        try {
          return JSON.parse(output) as Got[];
        } catch {
          throw new Error(`the primary said something else:\n${output}`);
        }
      });
    const ancestors = gotBy("1.0.1", "1.0.1");

    after(endAll);

    it("it carries as Node does", async () => {
      const got = new Map(await ancestors());
      const isAdvanced = serialization === "advanced";
      for (const when of ["early", "late", "back", "up", "up and back"]) {
        expect(got.get(`${when} date`)).to.equal(
          isAdvanced ? "1970-01-01T00:00:00.005Z" : "'1970-01-01T00:00:00.005Z'",
        );
        expect(got.get(`${when} map`)).to.equal(isAdvanced ? "Map(1) { 1 => 2 }" : "{}");
        expect(got.get(`${when} special`)).to.equal(isAdvanced ? "{ own: 1 }" : "'by toJSON'");
      }
      expect(got.get(`late ${isAdvanced ? "function" : "big"}`)).to.include(REFUSED[serialization]);
    });

    for (const primary of SIDES) {
      for (const worker of SIDES) {
        if (primary === worker) continue;
        const got = gotBy(primary, worker);

        it(`arrives the same from ${primary} in the primary to ${worker} in a worker, and back`, async () => {
          expect(await got()).to.deep.equal(await ancestors());
        });
      }
    }
  });
}
