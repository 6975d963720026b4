import { expect } from "chai";
import { endAll, ended, start } from "../support/processes.ts";
import { Relay } from "../support/relay.ts";

const ALL = ["1.0.1", "0.1.0-4", "classic"];

/** What a process loads, in that order. */
const ORDERS = [
  "classic",
  "1.0.1",
  "0.1.0-4",
  "1.0.1+classic",
  "classic+1.0.1",
  "0.1.0-4+classic",
  "classic+0.1.0-4",
  "0.1.0-4+classic+1.0.1",
  "classic+1.0.1+0.1.0-4",
];

const hasBoth = (order: string) => order.includes("classic+") || order.includes("+classic");

/** Who answers in a namespace of a process: the copy that owns it. */
const owner = (order: string, name: string) =>
  order.split("+").includes(name) ? name : order.split("+")[0];

describe("copies of both versions each get their own messages", () => {
  const primaries = new Relay();

  after(endAll);

  for (const primary of ORDERS) {
    describe(`from a primary with ${primary}`, () => {
      const workers = ORDERS.filter((worker) => hasBoth(primary) || hasBoth(worker));
      let answers: Record<string, string[]>;

      const told = primaries.add(() =>
        ended(start("classic-joined", [primary, ...workers], { silent: true })),
      );

      before(async () => {
        answers = JSON.parse((await told()).output) as Record<string, string[]>;
      });

      for (const worker of workers) {
        it(`to a worker with ${worker}, and back`, () => {
          expect(answers[worker]).to.deep.equal([
            ...ALL.map((name) => `${name}: ${owner(worker, name)} 1`),
            ...ALL.map((name) => `${name} up: ${owner(primary, name)} 1`),
            ...primary
              .split("+")
              .flatMap(() => worker.split("+").map((copy) => `${copy} is there`)),
          ]);
        });
      }
    });
  }
});
