import fc from "fast-check";
import sinon from "sinon";
import { CarriedWorld, SIDES, type Side } from "./world.ts";

/** More for a longer look: `MODEL_RUNS=100000 npx mocha -g "a carrier that loses"`. */
const numRuns = Number(process.env["MODEL_RUNS"] ?? 1000);

type Command =
  | { readonly do: "send"; readonly side: Side; readonly size: number }
  | { readonly do: "deliver" | "repeat"; readonly side: Side; readonly index: number }
  | { readonly do: "lose" | "look" | "reconnect"; readonly side: Side }
  | { readonly do: "disconnect"; readonly side: Side; readonly lost: number }
  | { readonly do: "end"; readonly side: Side; readonly how: "close" | "detach" }
  | { readonly do: "time"; readonly ms: number };

const side = fc.constantFrom<Side>(...SIDES);
const first = fc.constant(0);

const ordinary: fc.WeightedArbitrary<Command>[] = [
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("send"), side, size: fc.constantFrom(0, 0, 10, 200) }),
  },
  { weight: 12, arbitrary: fc.record({ do: fc.constant("deliver"), side, index: first }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("deliver"), side, index: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("repeat"), side, index: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("lose"), side }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("look"), side }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("disconnect"), side, lost: fc.nat(10) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("reconnect"), side }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("time"), ms: fc.constantFrom(0, 20) }) },
];
const ending: fc.WeightedArbitrary<Command> = {
  weight: 1,
  arbitrary: fc.record({
    do: fc.constant("end"),
    side,
    how: fc.constantFrom("close" as const, "detach" as const),
  }),
};

const plot = (...parts: fc.WeightedArbitrary<Command>[]) =>
  fc.array(fc.oneof(...parts), { maxLength: 150 });

/** A plot, and then a time in which everybody is connected and nothing gets lost. */
function play(commands: readonly Command[]): void {
  const clock = sinon.useFakeTimers();
  try {
    const world = new CarriedWorld();
    for (const command of commands) perform(world, command, clock);
    for (const each of SIDES) world.reconnect(each);
    for (let rounds = 0; rounds < 20; rounds++) {
      while (!world.isQuiet) for (const each of SIDES) world.deliver(each);
      clock.tick(100);
      for (const each of SIDES) world.look(each);
    }
    const wrong = world.judge();
    const mayEnd = commands.some((command) => command.do === "end");
    if (!mayEnd && world.ended > 0) wrong.push("a link ended by itself");
    if (wrong.length > 0) throw new Error(wrong.join("\n"));
  } finally {
    clock.restore();
  }
}

function perform(world: CarriedWorld, command: Command, clock: sinon.SinonFakeTimers): void {
  if (command.do === "send") world.send(command.side, command.size);
  else if (command.do === "time") clock.tick(command.ms);
  else if (command.do === "disconnect") world.disconnect(command.side, command.lost);
  else if (command.do === "end") world.end(command.side, command.how);
  else if ("index" in command) world[command.do](command.side, command.index);
  else world[command.do](command.side);
}

describe("over a carrier that loses, repeats and reorders, and breaks", () => {
  it("every frame arrives once, in order, and is told to have been taken", () => {
    fc.assert(fc.property(plot(...ordinary), play), { numRuns });
  }).timeout(600_000);

  it("nothing arrives twice or is told wrongly where either side takes the other for gone", () => {
    fc.assert(fc.property(plot(...ordinary, ending), play), { numRuns });
  }).timeout(600_000);
});
