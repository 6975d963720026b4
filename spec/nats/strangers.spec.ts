import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import { expect } from "chai";
import { Kind, packetOf } from "../../lib/carried/packet.ts";
import { nextEvent, rejection } from "../support/buses.ts";
import { isInOrder } from "../support/load.ts";
import { endOf, found, type Joined, Members } from "../support/mesh.ts";
import { NatsServer, needsServer } from "../support/nats.ts";

const GUARD = 120_000;
const LONG = 60_000;
const PREFIX = "clusterphone";
const PASSWORDS = { WEB_PASSWORD: "of web", ORDERS_PASSWORD: "of orders" };

/** The configuration that docs/machines.md shows, with passwords in it. */
function documented(): string {
  const page = readFileSync(new URL("../../../docs/machines.md", import.meta.url), "utf8");
  const config = /```text\n(authorization .*?)```/s.exec(page)?.[1] ?? "";
  return Object.entries(PASSWORDS).reduce(
    (text, [name, password]) => text.replaceAll(`$${name}`, JSON.stringify(password)),
    config,
  );
}

describe("strangers in a mesh", () => {
  let server: NatsServer;
  let members: Members;
  let stranger: NatsConnection;

  before(function () {
    needsServer(this);
  });

  async function serve(config?: string): Promise<void> {
    server = await new NatsServer(config).start();
    members = new Members(() => server.url);
  }

  afterEach(async () => {
    await members?.end();
    members?.remove();
    await stranger?.close();
    await server?.remove();
  });

  /** The subjects on which a member is spoken to, with the last that was said on each. */
  function overhear(): Map<string, Uint8Array> {
    const heard = new Map<string, Uint8Array>();
    stranger.subscribe(`${PREFIX}.>`, {
      callback: (_, { subject, data }) => {
        heard.set(subject, data.slice());
      },
    });
    return heard;
  }

  async function echoes(web: Joined, peer: Parameters<Joined["bus"]["to"]>[0], count: number) {
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    const sent = numbers.map((id) => web.bus.to(peer).emit("place", id).within(LONG).ackd());
    expect(await Promise.all(sent)).to.deep.equal(numbers);
    return numbers;
  }

  it("say what they like on all subjects, and are ignored; a reset by guess too", async () => {
    await serve();
    stranger = await connect({ servers: server.url });
    const heard = overhear();
    const web = await members.join("web");
    const orders = members.orders("1");
    const { peer } = await found(web, "1");
    await echoes(web, peer, 10);
    const signs = ["{}", "[]", "null", "{", '{"version":1,"what":"is","instance":"a.b"}'];
    const heads = { flags: 0, epoch: 0, number: 0, taken: 0, waited: 0 };
    for (const [subject, data] of heard) {
      if (subject.includes(".here.")) {
        for (const sign of signs) stranger.publish(subject, sign);
        stranger.publish(subject, "x".repeat(100_000));
      } else {
        for (let length = 0; length < 100; length++) {
          stranger.publish(subject, randomBytes(length));
          const changed = Buffer.from(data);
          changed[length % changed.length] = length;
          if (length < 34) continue;
          stranger.publish(subject, changed);
        }
        for (let yours = 0; yours < 100; yours++) {
          stranger.publish(subject, packetOf({ ...heads, kind: Kind.RESET, yours }));
        }
      }
    }
    for (const subject of [
      `${PREFIX}.here.from.x`,
      `${PREFIX}.to.x`,
      `${PREFIX}.here.from.a b.*`,
    ]) {
      stranger.publish(subject.replace(" ", "%"), "x");
    }
    await stranger.flush();
    expect(await web.bus.to(peer).emit("place", 11).within(LONG).ackd()).to.equal(11);
    expect(peer.state).to.equal("up");
    expect(orders.ran()).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  }).timeout(GUARD);

  it("say everything again, some of it late, and all runs once, in order", async () => {
    await serve();
    stranger = await connect({ servers: server.url });
    const late: (() => void)[] = [];
    let count = 0;
    stranger.subscribe(`${PREFIX}.to.>`, {
      callback: (_, { subject, data }) => {
        const copy = data.slice();
        // What it repeats it hears again.
        if (++count > 20_000) return;
        const again = () => stranger.publish(subject, copy);
        if (count % 3 === 0) late.push(again);
        else if (count % 3 === 1) again();
        if (late.length > 50) for (const each of late.splice(0)) each();
      },
    });
    const web = await members.join("web");
    const orders = members.orders("1");
    const { peer } = await found(web, "1");
    await echoes(web, peer, 4000);
    expect(orders.ran()).to.have.length(4000);
    expect(isInOrder(orders.ran())).to.equal(true);
  }).timeout(GUARD);

  it("nothing runs of whom nobody knows; who has missed its signs is asked, and then heard", async () => {
    await serve();
    stranger = await connect({ servers: server.url });
    const web = await members.join("web");
    const ran: unknown[] = [];
    web.bus.on("place", (id) => ran.push(id));
    const heard = overhear();
    const orders = await members.join("orders", { instance: "1" });
    const { peer } = await found(orders, web.mesh.instance);
    const [member] = web.mesh.members;
    await orders.bus.to(peer).emit("place", 1).ackd();
    const mail = [...heard.keys()].find((subject) => subject.startsWith(`${PREFIX}.to.web.`)) ?? "";
    const asked = new Promise<string>((resolve) => {
      stranger.subscribe(`${PREFIX}.here.to.nobody.unknown.>`, {
        callback: (_, message) => resolve(message.string()),
      });
    });
    const forged = mail.split(".").slice(0, 4).join(".");
    const head = { flags: 0, epoch: 5, yours: 0, number: 1, taken: 0, waited: 0 };
    const body = Buffer.from('[1,1,[2,1,"_","place",0,666]]');
    const packet = Buffer.concat([packetOf({ kind: Kind.DATA, ...head }), body]);
    stranger.publish(`${forged}.nobody.unknown`, packet);
    expect(JSON.parse(await asked)).to.include({ what: "asks" });
    expect(ran).to.deep.equal([1]);
    expect(web.mesh.members).to.deep.equal([member]);
  }).timeout(GUARD);

  it("pass on messages larger than a small max_payload, in parts", async () => {
    await serve("max_payload: 64KB\n");
    const web = await members.join("web");
    members.orders("1");
    const { peer } = await found(web, "1");
    const text = "é".repeat(3_000_000);
    expect(await web.bus.to(peer).emit("length", text).within(LONG).ackd()).to.equal(text.length);
  }).timeout(GUARD);

  describe("with the permissions of docs/machines.md", () => {
    const web = { user: "web", pass: PASSWORDS.WEB_PASSWORD };
    const orders = { user: "orders", pass: PASSWORDS.ORDERS_PASSWORD };

    beforeEach(() => serve(documented()));

    it("members talk, and who is killed is told to be gone", async () => {
      const joined = await members.join("web", {}, web);
      const started = members.orders("1", orders);
      const { peer } = await found(joined, "1");
      await echoes(joined, peer, 100);
      const left = nextEvent(joined.mesh, "leave");
      await endOf(started);
      const pending = rejection(joined.bus.to(peer).emit("place", 101).within(LONG).ackd());
      expect(await left).to.have.property("1", "is gone: nobody takes what is sent to it");
      expect(await pending).to.include({ code: "ERR_PEER_DIED" });
    }).timeout(GUARD);

    it("nobody joins by the name of another", async () => {
      const error = await rejection(members.join("orders", {}, web));
      expect(error.message).to.match(/permissions violation/i);
    });

    it("nobody joins who may not say that he is there", async () => {
      const says = '"clusterphone.here.from.web.*", ';
      expect(documented()).to.include(says);
      members.remove();
      await server.remove();
      await serve(documented().replace(says, ""));
      const error = await rejection(members.join("web", {}, web));
      expect(error.message).to.match(/permissions violation.*here\.from\.web/i);
    });

    it("nobody without credentials comes in", async () => {
      expect(await rejection(connect({ servers: server.url }))).to.be.an("error");
    });

    it("nobody speaks as another, reads what is for another, or says where others are", async () => {
      const joined = await members.join("web", {}, web);
      const started = await members.join("orders", { instance: "1" }, orders);
      started.bus.on("place", (id) => id);
      const { peer } = await found(joined, "1");
      await echoes(joined, peer, 1);
      stranger = await connect({ servers: server.url, ...web });
      const refused = async (act: () => void) => {
        const status = stranger.status()[Symbol.asyncIterator]();
        act();
        for (;;) {
          const { value } = (await status.next()) as { value: { type: string; error?: Error } };
          if (value.type === "error") return String(value.error?.message);
        }
      };
      const [id] = [randomBytes(6).toString("hex")];
      for (const subject of [
        `${PREFIX}.to.web.${id}.orders.${id}`,
        `${PREFIX}.here.from.orders.${id}`,
        `${PREFIX}.here.to.web.${id}.orders.${id}`,
        `${PREFIX}.none.orders.${id}.web.${id}`,
      ]) {
        const text = await refused(() => stranger.publish(subject, "x"));
        expect(text, subject).to.match(/permissions violation/i);
      }
      for (const subject of [
        `${PREFIX}.>`,
        `${PREFIX}.to.orders.>`,
        `${PREFIX}.here.to.orders.>`,
        `${PREFIX}.none.orders.>`,
      ]) {
        const text = await refused(() => {
          stranger.subscribe(subject, { callback: () => undefined });
        });
        expect(text, subject).to.match(/permissions violation/i);
      }
    }).timeout(GUARD);
  });
});
