import { expect } from "chai";
import { nextEvent } from "../support/buses.ts";
import { faultsIn, Load } from "../support/load.ts";
import { found, Members } from "../support/mesh.ts";
import { NatsServer, needsServer } from "../support/nats.ts";

const GUARD = 120_000;
const LONG = 60_000;
/** A lame duck waits for its grace before it sends anybody away. */
const CONFIG = 'lame_duck_duration: "30s"\nlame_duck_grace_period: "100ms"\n';

/** What becomes of the server that a member is connected to. */
const WAYS: Readonly<Record<string, (server: NatsServer) => Promise<void>>> = {
  "is killed": (server) => server.end("SIGKILL"),
  "is a lame duck": (server) => {
    server.signal("SIGUSR2");
    return server.ended();
  },
};

describe("a mesh over a cluster of two servers", () => {
  let servers: NatsServer[];
  let members: Members;

  before(function () {
    needsServer(this);
  });

  beforeEach(async () => {
    const first = await new NatsServer(CONFIG, { cluster: "first" }).start();
    servers = [first, await new NatsServer(CONFIG, { cluster: first }).start()];
    members = new Members(() => first.url);
  });

  afterEach(async () => {
    await members?.end();
    members?.remove();
    for (const server of servers ?? []) await server.remove();
  });

  for (const [way, end] of Object.entries(WAYS)) {
    it(`goes on over the other when one ${way}: nothing is lost, in order, to the same peer`, async () => {
      const [first, second] = servers as [NatsServer, NatsServer];
      const urls = { servers: [first.url, second.url], noRandomize: true };
      const web = await members.join("web", {}, urls);
      // It is at the other server, so what goes to it crosses both.
      const orders = members.orders("1", { servers: [second.url, first.url], noRandomize: true });
      const { peer } = await found(web, "1");
      const load = new Load((id) => web.bus.to(peer).emit("place", id).within(LONG).ackd());
      await load.answered(200);
      const back = nextEvent(web.mesh, "back");
      await end(first);
      await back;
      await load.answered(500);
      expect(web.connection.getServer()).to.equal(new URL(second.url).host);
      const outcomes = await load.stop();
      expect(faultsIn(outcomes, orders.ran())).to.deep.equal([]);
      expect(web.bus.peers).to.deep.equal([peer]);
    }).timeout(GUARD);
  }
});
