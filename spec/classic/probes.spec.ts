import { expect } from "chai";
import { type SinonFakeTimers, useFakeTimers } from "sinon";
import { Probes } from "../../lib/classic/probes.ts";

describe("the question whether a namespace of version 1 is open", () => {
  let clock: SinonFakeTimers;
  let asked: string[];
  let probes: Probes;
  let isAwaited: boolean;
  const begin = (namespace: string) => probes.begin(namespace, () => isAwaited);

  beforeEach(() => {
    clock = useFakeTimers();
    asked = [];
    isAwaited = true;
    probes = new Probes((namespace) => asked.push(namespace));
  });

  afterEach(() => {
    probes.close();
    clock.restore();
  });

  it("is asked soon, then less and less often, and not for ever if nobody answers", () => {
    begin("app");
    clock.tick(9);
    expect(asked).to.have.length(0);
    clock.tick(1);
    expect(asked).to.deep.equal(["app"]);
    clock.tick(60);
    expect(asked).to.have.length(3);
    clock.tick(60_000);
    expect(asked).to.have.length(10);
  });

  it("is asked again for a message that comes later", () => {
    begin("app");
    clock.tick(60_000);
    begin("app");
    clock.tick(1000);
    begin("app");
    begin("app");
    clock.tick(1000);
    expect(asked).to.have.length(12);
  });

  it("is asked as long as something waits, once version 1 has been heard of", () => {
    begin("app");
    clock.tick(10);
    probes.isAnswered = true;
    clock.tick(60_000);
    expect(asked).to.have.length.within(60, 70);
    isAwaited = false;
    const before = asked.length;
    clock.tick(60_000);
    expect(asked).to.have.length(before);
    expect(probes.areIdle).to.equal(true);
  });

  it("is not asked any more when the namespace is known, or the link is closed", () => {
    for (const namespace of ["one", "two", "three"]) begin(namespace);
    probes.end("one");
    clock.tick(10);
    expect(asked).to.deep.equal(["two", "three"]);
    probes.close();
    clock.tick(60_000);
    expect(asked).to.have.length(2);
    expect(clock.countTimers()).to.equal(0);
  });
});
