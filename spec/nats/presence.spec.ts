import { expect } from "chai";
import sinon from "sinon";
import { Directory } from "../../lib/nats/directory.ts";
import type { KnownMember, MemberPeer } from "../../lib/nats/member.ts";
import type { Joining } from "../../lib/nats/options.ts";
import { Presence } from "../../lib/nats/presence.ts";
import { type Sign, writeSign } from "../../lib/nats/sign.ts";

const JOINING: Joining = {
  name: "web",
  instance: "1",
  prefix: "clusterphone",
  serialization: "json",
  absence: 1500,
  silence: 30_000,
};
const signOf = (told: Partial<Sign> = {}) =>
  writeSign({
    what: "is",
    instance: "1",
    host: "h",
    pid: 1,
    serialization: "json",
    absence: 1500,
    beat: 6000,
    ...told,
  });
const SIGN = signOf();

describe("who has joined and", () => {
  let clock: sinon.SinonFakeTimers;
  let presence: Presence;
  let directory: Directory;
  let looks: number;
  let beats: number[];
  let probes: number;
  let gone: string[];
  let ping: () => Promise<void>;
  let reconnects: number;
  const peer = { inFlight: 0, unfinished: { isHandling: () => false } };
  const link = { isUntaken: false, look: () => undefined, probe: () => probes++ };

  beforeEach(() => {
    clock = sinon.useFakeTimers();
    looks = probes = reconnects = 0;
    ping = () => Promise.resolve();
    beats = [];
    gone = [];
    peer.inFlight = 0;
    directory = new Directory({
      get now() {
        return presence.clock.now;
      },
      joined: (member: KnownMember) => member.connect(link as never, peer as unknown as MemberPeer),
      leaves: () => undefined,
      conflict: () => undefined,
    });
    presence = new Presence(JOINING, directory, {
      isConnected: () => ++looks > 0,
      announce: () => beats.push(Date.now()),
      gone: (member, reason) => {
        gone.push(reason);
        directory.forget(member);
      },
      ping: () => ping(),
      reconnect: () => reconnects++,
    });
    presence.begin();
    directory.hear("orders.a", SIGN);
  });

  afterEach(() => {
    presence.end();
    clock.restore();
  });

  it("has nothing to do wakes up seldom, and tells that it is there as often as ever", () => {
    for (let time = 0; time < 12; time++) {
      clock.tick(5000);
      directory.hear("orders.a", SIGN);
    }
    expect(looks).to.be.below(70);
    expect(beats.length).to.be.within(11, 17);
    expect(probes).to.equal(0);
    expect(presence.clock.now).to.be.within(59_000, 60_000);
  });

  it("rests tells that it is there at a random time, and not when a rest ends", () => {
    for (let time = 0; time < 12; time++) {
      clock.tick(5000);
      directory.hear("orders.a", SIGN);
    }
    const gaps = beats.slice(1).map((at, index) => at - (beats[index] ?? 0));
    for (const gap of gaps.slice(1)) expect(gap).to.be.within(4000, 5100);
    expect(gaps.filter((gap) => gap % 100 !== 0)).to.have.length.above(3);
  });

  it("is one of few again, of many before, tells so by the next sign that few would send", () => {
    for (let index = 1; index < 300; index++) directory.hear(`orders.b${index}`, SIGN);
    clock.tick(6000);
    const many = beats.length;
    for (const member of directory.members.slice(1)) directory.forget(member);
    clock.tick(6000);
    expect(beats).to.have.lengthOf(many + 1);
  });

  it("is one of many, of few before, sends the next sign when the few were told that it comes", () => {
    const few = beats.length;
    for (let index = 1; index < 300; index++) directory.hear(`orders.b${index}`, SIGN);
    clock.tick(6000);
    expect(beats).to.have.lengthOf(few + 1);
  });

  it("has nothing to do finds out that it is the server that is silent, and takes nobody for gone", () => {
    ping = () => new Promise(() => undefined);
    clock.tick(14_000);
    expect(reconnects, "a slow server may still answer").to.equal(0);
    clock.tick(3000);
    expect(reconnects).to.equal(1);
    expect(gone).to.deep.equal([]);
  });

  it("waits for somebody finds that out sooner, and dials once", () => {
    ping = () => new Promise(() => undefined);
    peer.inFlight = 1;
    presence.sends();
    clock.tick(3900);
    expect(reconnects).to.equal(0);
    clock.tick(5000);
    expect(reconnects).to.equal(1);
    presence.back();
    clock.tick(5000);
    expect(reconnects).to.equal(2);
  });

  it("was blocked itself reads what the server has answered meanwhile", async () => {
    let answer: () => void = () => undefined;
    ping = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    peer.inFlight = 1;
    presence.sends();
    clock.tick(2500);
    clock.jump(5000);
    expect(reconnects).to.equal(0);
    answer();
    await Promise.resolve();
    clock.tick(1900);
    expect(reconnects).to.equal(0);
  });

  it("is one of a thousand is gone half a minute after its sign was overdue, not two beats later", () => {
    directory.hear("orders.a", signOf({ beat: 120_000 }));
    clock.tick(120_000);
    expect(probes).to.equal(0);
    clock.tick(29_000);
    expect(probes).to.be.above(10);
    expect(gone).to.deep.equal([]);
    clock.tick(3000);
    expect(gone).to.deep.equal(["was silent for 150 s"]);
  });

  it("sends something looks at once what becomes of it, after however long a rest", () => {
    clock.tick(4999);
    directory.hear("orders.a", SIGN);
    clock.tick(1900);
    peer.inFlight = 1;
    presence.sends();
    expect(presence.clock.now).to.equal(6899);
    looks = 0;
    clock.tick(1000);
    expect(looks).to.be.within(9, 11);
    expect(probes).to.be.above(0);
  });

  it("hears what another says once more, or says anew, or asks, and nothing of what is no sign", () => {
    expect(directory.hear("orders.a", SIGN)).to.equal("is");
    expect(directory.hear("orders.a", signOf({ pid: 2 }))).to.equal("is");
    expect(directory.get("orders.a")?.pid).to.equal(2);
    for (let time = 0; time < 2; time++)
      expect(directory.hear("orders.a", signOf({ what: "asks" }))).to.equal("asks");
    clock.tick(1000);
    expect(directory.hear("orders.a", signOf({ pid: 2 }))).to.equal("is");
    expect(directory.get("orders.a")?.heardAt).to.equal(presence.clock.now);
    expect(directory.hear("orders.a", "{}")).to.equal(undefined);
  });

  it("says as it asks what it did not say before is believed when it says the old thing again", () => {
    const heard = (told: Partial<Sign>) => {
      directory.hear("orders.a", signOf(told));
      return directory.get("orders.a")?.told.beat;
    };
    expect(heard({ beat: 120_000 })).to.equal(120_000);
    expect(heard({ what: "asks", beat: 6000 })).to.equal(6000);
    expect(heard({ beat: 120_000 })).to.equal(120_000);
    expect(heard({ what: "leaves", beat: 6000 })).to.equal(120_000);
  });

  it("hears nothing of another asks, and judges in time that nobody takes what is sent", () => {
    clock.tick(8000);
    expect(probes).to.be.above(0);
    const [member] = directory.members;
    if (member) member.missedSince = presence.clock.now;
    clock.tick(1800);
    expect(gone).to.deep.equal(["is gone: nobody takes what is sent to it"]);
  });
});
