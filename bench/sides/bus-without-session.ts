import type { NatsConnection } from "@nats-io/nats-core";
import type { Bus } from "../../lib/bus/bus.ts";
import { fromBytes, toBytes } from "../../lib/carried/frame-bytes.ts";
import { PACE } from "../../lib/carried/link.ts";
import { bus } from "../../lib/index.ts";
import type { Link, LinkEvents, SendFailure } from "../../lib/links/link.ts";
import { connectionOf, served, subjectOf } from "../nats.ts";
import type { Setup, Side } from "../side.ts";
import { connectionTo } from "./bus.ts";

/** What the session costs: frames are published as they are. Nothing is numbered, kept or told to be taken, and what gets lost is lost. */
export const busWithoutSession: Side = {
  async connect(channel, setup) {
    await served(channel);
    return await connectionTo(bus.to(await attach(setup, "requests", "replies")));
  },

  async serve(answer, setup) {
    bus.on("ask", answer);
    await attach(setup, "replies", "requests");
  },
};

async function attach(setup: Setup, there: string, here: string) {
  const connection = await connectionOf(setup);
  const link = new PlainLink(connection, setup, there, here);
  const peer = (bus as Bus).hub.attach(link);
  peer.greet();
  await connection.flush();
  return peer;
}

class PlainLink implements Link {
  readonly kind = "remote";
  readonly id: string;
  readonly serialization: "json" | "advanced";
  readonly carriesHandles = false;
  readonly forgetsEarlyFrames = false;
  readonly ended = undefined;
  readonly encodesLater = false;
  readonly pace = PACE;
  readonly #connection: NatsConnection;
  readonly #there: string;
  readonly #here: string;

  constructor(connection: NatsConnection, setup: Setup, there: string, here: string) {
    this.id = there;
    this.serialization = setup.serialization;
    this.#connection = connection;
    this.#there = subjectOf(setup, there);
    this.#here = subjectOf(setup, here);
  }

  open(events: LinkEvents): void {
    this.#connection.subscribe(this.#here, {
      callback: (_error, { data }) => {
        const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
        events.frame(fromBytes(this.serialization, bytes), undefined);
      },
    });
  }

  succeed(): void {}

  send(frame: object, _handle: unknown, done: (failure?: SendFailure) => void): boolean {
    this.#connection.publish(this.#there, toBytes(this.serialization, frame, 0));
    process.nextTick(done);
    return true;
  }

  hold(): void {}

  detach(): void {}
}
