import { expect } from "chai";
import { type SinonFakeTimers, useFakeTimers } from "sinon";
import { Held, type HeldMessage } from "../../lib/classic/held.ts";

describe("messages of version 1 for a namespace that is not open", () => {
  let clock: SinonFakeTimers;
  let refused: HeldMessage[];
  let held: Held;
  const message = (ns: string, payload: unknown = null): HeldMessage => ({
    event: { ns, cmd: "x", seq: 1, payload },
    handle: undefined,
  });

  beforeEach(() => {
    clock = useFakeTimers();
    refused = [];
    held = new Held((each) => refused.push(each));
  });

  afterEach(() => clock.restore());

  it("wait for it, in order", () => {
    const messages = [message("late"), message("late"), message("other")];
    for (const each of messages) held.add(each);
    expect(held.take("late")).to.deep.equal(messages.slice(0, 2));
    expect(held.take("late")).to.deep.equal([]);
    expect(refused).to.deep.equal([]);
  });

  it("are refused after the time that a namespace has to open", () => {
    held.add(message("never"));
    clock.tick(999);
    expect(refused).to.have.length(0);
    clock.tick(1);
    expect(refused).to.have.length(1);
    expect(clock.countTimers()).to.equal(0);
  });

  it("are refused at once beyond a number of them, or of bytes", () => {
    for (let n = 0; n < 1001; n++) held.add(message("many"));
    expect(refused).to.have.length(1);
    held.take("many");
    for (let n = 0; n < 17; n++) held.add(message("large", "x".repeat(2 ** 20)));
    expect(refused.map(({ event }) => event.ns)).to.deep.equal(["many", "large"]);
    held.take("large");
    held.add(message("large", "x".repeat(2 ** 20)));
    expect(refused).to.have.length(2);
  });

  it("are refused when the link closes", () => {
    held.add(message("one"));
    held.add(message("two"));
    held.close();
    expect(refused).to.have.length(2);
    expect(clock.countTimers()).to.equal(0);
  });
});
