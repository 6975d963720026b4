// The calls that fail are made with version 1 itself, and with classic in its place: they have to fail in the same words.
import { expect } from "chai";
import { endAll, ended, start } from "../support/processes.ts";
import { Relay } from "../support/relay.ts";

type Failure = readonly [call: string, how: string, type: string, text: string, original?: unknown];

const PAIRINGS = [
  ["classic", "classic"],
  ["classic", "1.0.1"],
  ["1.0.1", "classic"],
];

describe("what fails, fails in the words of version 1", () => {
  const relay = new Relay();
  const failuresOf = (primary: string, worker: string) =>
    relay.add(async () => {
      const { output } = await ended(start("classic-words", [primary, worker], { silent: true }));
      try {
        return JSON.parse(output) as Failure[];
      } catch {
        throw new Error(`the primary said something else:\n${output}`);
      }
    });
  const ancestors = failuresOf("1.0.1", "1.0.1");

  after(endAll);

  it("or the ancestor itself has other words by now", async () => {
    const words = new Map((await ancestors()).map(([call, ...rest]) => [call, rest.slice(0, 3)]));
    expect(words.get('no command: ""')).to.deep.equal([
      "thrown",
      "TypeError",
      "Command is required.",
    ]);
    expect(words.get("an unknown namespace, in the worker")).to.deep.equal([
      "rejected",
      "Error",
      "Unknown namespace.",
    ]);
    expect(words.get("never, in other")?.[2]).to.equal(
      "Timed out waiting for acknowledgement for message never with seq 1 to worker 1 in namespace other",
    );
    expect([...words.values()].filter(([how]) => how === "did not fail")).to.deep.equal([]);
    expect(words.size).to.be.above(45);
  });

  for (const [primary = "", worker = ""] of PAIRINGS) {
    const failures = failuresOf(primary, worker);

    it(`from a primary with ${primary} and a worker with ${worker}`, async () => {
      expect(await failures()).to.deep.equal(await ancestors());
    });
  }
});
