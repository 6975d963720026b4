import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Recorder } from "../oracle/facts.ts";
import type { Addressee, Speaker } from "./speaker.ts";

/** Which message takes a connection along. Of all events only `socket` takes it over. */
export interface HandOver {
  readonly namespace: string;
  readonly event: string;
  readonly queueHandle: boolean;
}

/** A connection that waits to be handed over. */
export interface Connection {
  handOver(speaker: Speaker, to: Addressee, how: HandOver): void;
}

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
    // In a cluster worker too it is its own, and has a descriptor.
    this.#server.listen({ port: 0, host: "127.0.0.1", exclusive: true });
    await once(this.#server, "listening");
  }

  /** A new connection, as the server has it. */
  async accept(): Promise<Connection> {
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
    const handle = await accepted;
    return {
      handOver: (speaker, to, { namespace, event, queueHandle }) => {
        const key = speaker.nextKey;
        client.once("close", () => this.#record({ is: "hung-up", at: Date.now(), key, answer }));
        const saying = { namespace, event, wantsAck: true, handle, queueHandle };
        void speaker.say(to, saying);
      },
    };
  }

  /** Takes no more; those that have come wait on. */
  stop(): void {
    this.#server.close();
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
