import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { expect } from "chai";
import { Cable } from "./cable.ts";

const MUCH = 4_000_000;

describe("a cable of the soak", () => {
  let server: Server;
  let cable: Cable;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    cable = await Cable.lay(() => `nats://127.0.0.1:${port}`);
  });

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server.close();
  });

  /** Both ends of a connection through the cable. */
  async function dial(): Promise<readonly [near: Socket, far: Socket]> {
    const near = connect(Number(new URL(cable.url).port), "127.0.0.1");
    const [far] = (await once(server, "connection")) as [Socket];
    sockets.push(near, far);
    return [near, far];
  }

  it("that is cut lets nothing pass, and all of it once it is mended, though an end has closed meanwhile", async () => {
    const [near, far] = await dial();
    near.write("x");
    await once(far, "data");
    cable.cut();
    const seen = { near: 0, far: 0 };
    near.on("data", ({ length }) => (seen.near += length));
    far.on("data", ({ length }) => (seen.far += length));
    near.write(Buffer.alloc(MUCH));
    far.end(Buffer.alloc(MUCH));
    // Another one reaches the cable after that, so what is read at all has been read.
    const other = connect(Number(new URL(cable.url).port), "127.0.0.1");
    sockets.push(other);
    await once(other, "connect");
    expect(seen).to.deep.equal({ near: 0, far: 0 });
    const over = [once(near, "close"), once(far, "close")];
    cable.mend();
    await Promise.all(over);
    expect(seen).to.deep.equal({ near: MUCH, far: MUCH });
  });

  it("tells either end that the other has gone", async () => {
    const [near, far] = await dial();
    far.resume();
    near.destroy();
    await once(far, "close");
    const [again, farther] = await dial();
    again.resume();
    farther.resetAndDestroy();
    await once(again, "close");
  });
});
