import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** The two ends of a connection that goes through the cable. */
type Ends = readonly [Socket, Socket];

/**
 * Lies between a server and its clients, and can be cut: then nothing passes, either way, not even that a connection has
 * ended. What was under way arrives when it is mended, as from a network that is there again.
 */
export class Cable {
  readonly #server: Server;
  readonly #connections = new Set<Ends>();
  #isCut = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** `url` tells where the server is at the time. */
  static async lay(url: () => string): Promise<Cable> {
    const server = createServer({ allowHalfOpen: true });
    const cable = new Cable(server);
    server.on("connection", (client) => {
      const { hostname, port } = new URL(url());
      const to = { host: hostname, port: Number(port), allowHalfOpen: true };
      cable.#join([client, connect(to)]);
    });
    server.listen(0, "127.0.0.1").unref();
    await once(server, "listening");
    return cable;
  }

  get url(): string {
    return `nats://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.#isCut = true;
    for (const ends of this.#connections) for (const end of ends) end.pause();
  }

  mend(): void {
    this.#isCut = false;
    for (const ends of this.#connections) this.#go(ends);
  }

  #join(ends: Ends): void {
    this.#connections.add(ends);
    const [client, server] = ends;
    for (const [from, to] of [ends, [server, client] as const]) {
      from.unref();
      from.on("error", () => undefined);
      from.on("data", (bytes) => {
        if (!to.write(bytes)) from.pause();
      });
      from.on("end", () => to.end());
      to.on("drain", () => this.#isCut || from.resume());
      from.once("close", () => this.#isCut || this.#part(ends));
    }
    if (this.#isCut) for (const end of ends) end.pause();
  }

  #go(ends: Ends): void {
    if (ends.some(({ destroyed }) => destroyed)) this.#part(ends);
    else for (const end of ends) end.resume();
  }

  #part(ends: Ends): void {
    this.#connections.delete(ends);
    // What has come through is still written.
    for (const end of ends) end.destroySoon();
  }
}
