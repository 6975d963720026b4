import { once } from "node:events";
import net from "node:net";
import { expect } from "chai";
import { rejection } from "../support/buses.ts";
import { star } from "../support/star.ts";

describe("a handle for any one of a group", () => {
  let server: net.Server;
  let socket: net.Socket;

  beforeEach(async () => {
    server = net.createServer((accepted) => accepted.resume()).listen(0, "127.0.0.1");
    await once(server, "listening");
    socket = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1");
    await once(socket, "connect");
  });

  afterEach(() => {
    socket.destroy();
    server.close();
  });

  it("is refused at the call where no link carries it, and stays the caller's", async () => {
    const { bus, rays } = star(1);
    rays[0]?.bus.on("take", () => 1);
    await bus.to(rays[0]?.peer as never).ready();
    const any = bus.any(() => true);
    expect(() => any.emit("take", null, { handle: socket, queueHandle: true }))
      .to.throw(/no link of this group carries handles/)
      .with.property("code", "ERR_HANDLE_UNSUPPORTED");
    expect([socket.destroyed, any.waiting]).to.deep.equal([false, 0]);
  });

  it("is refused at the call where it would have to wait, unless that is said", () => {
    const any = star(0).bus.any("orders");
    expect(() => any.emit("take", null, { handle: socket }))
      .to.throw(/nobody in that group; pass queueHandle: true/)
      .with.property("code", "ERR_HANDLE_NOT_READY");
    expect([socket.destroyed, any.waiting]).to.deep.equal([false, 0]);
  });

  it("is refused at the call where it is closed", () => {
    const any = star(0).bus.any("orders");
    socket.destroy();
    expect(() => any.emit("take", null, { handle: socket, queueHandle: true }))
      .to.throw(/is not open/)
      .with.property("code", "ERR_HANDLE_UNSUPPORTED");
  });

  it("is closed if its time is over before anybody was there, or it is cancelled", async () => {
    const any = star(0).bus.any("orders");
    const take = (options: object) =>
      rejection(any.emit("take", null, { handle: socket, queueHandle: true, ...options }).ackd());
    const closed = once(socket, "close");
    expect(await take({ timeout: 10 })).to.include({ code: "ERR_ACK_TIMEOUT", executed: "no" });
    await closed;
    expect(any.waiting).to.equal(0);
  });

  it("waits for who can take it, and says so", async () => {
    const all = star(0);
    const any = all.bus.any("orders");
    const taken = rejection(
      any.emit("take", null, { handle: socket, queueHandle: true }).within(100).ackd(),
    );
    const ray = all.add("orders");
    ray.bus.on("take", () => 1);
    await all.bus.to(ray.peer).ready();
    const error = await taken;
    expect(error).to.include({ code: "ERR_ACK_TIMEOUT", executed: "no" });
    expect(error.message).to.include("none of the 1 that are ready can take it");
    expect(socket.destroyed).to.equal(true);
  });
});
