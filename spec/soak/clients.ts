import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Recorder } from "./facts.ts";

/** A server whose connections are handed over, and its clients, who must not be left hanging. */
export class Clients {
  readonly #server: Server = createServer({ pauseOnConnect: true });
  readonly #record: Recorder;
  readonly #waiting = new Set<Socket>();
  readonly #accepted: ((socket: Socket) => void)[] = [];

  constructor(record: Recorder) {
    this.#record = record;
    this.#server.on("connection", (socket) => {
      socket.on("error", () => {});
      this.#accepted.shift()?.(socket);
    });
  }

  async open(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** A new connection, as the server has it. It is known by the key of the message that takes it away. */
  async accept(): Promise<{ socket: Socket; belongsTo(key: string): void }> {
    const accepted = new Promise<Socket>((resolve) => this.#accepted.push(resolve));
    const client = connect((this.#server.address() as AddressInfo).port, "127.0.0.1");
    let answer = "";
    client.on("error", () => {});
    client.on("data", (bytes) => {
      answer += String(bytes);
    });
    this.#waiting.add(client);
    client.once("close", () => this.#waiting.delete(client));
    client.write("anybody there?");
    const belongsTo = (key: string) => {
      client.once("close", () => this.#record({ is: "hung-up", at: Date.now(), key, answer }));
    };
    return { socket: await accepted, belongsTo };
  }

  /** How many clients have neither an answer nor a close. */
  get waiting(): number {
    return this.#waiting.size;
  }

  async close(): Promise<void> {
    for (const client of this.#waiting) client.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
