import sinon from "sinon";
import type { Bus } from "../../lib/bus.ts";
import type { BusError } from "../../lib/errors.ts";
import type { Hub } from "../../lib/hub.ts";
import type { Message } from "../../lib/message.ts";
import type { Peer } from "../../lib/peer.ts";
import { lonelyBus } from "../support/buses.ts";
import type { Command, Side } from "./commands.ts";
import { History, type Outcome } from "./history.ts";
import { ScheduledLink } from "./scheduled-link.ts";

const NAMESPACES = ["left of two", "right of two"] as const;
/** Bytes that may wait, so few that large messages fill them. */
const PENDING = 1_000_000;
/** Milliseconds of an ack that is wanted soon. */
const SOON = 50;
/** So much of a time in which the loop is blocked, in ms, may go unnoticed. */
const UNSEEN = 50;
/** How long `close` waits, in ms. */
const PATIENCE = 5000;
/** Milliseconds of any other. */
const DEFAULT = 10_000;
/** More than any ack has, in ms, its time for the middleware included. */
const LONGEST = 21_000;

type Emit = Extract<Command, { do: "emit" }>;
type Sent = Pick<Emit, "act" | "obstacle"> & { readonly number: number };

interface Party {
  readonly hub: Hub;
  readonly bus: Bus;
  readonly link: ScheduledLink;
  readonly peer: Peer;
  readonly opened: Set<string>;
}

/** The real ones: those of the loop are simulated while a world lives. */
const { setImmediate: realImmediate } = globalThis;

/** All microtasks have run. */
const settled = () => new Promise((resolve) => realImmediate(resolve));

/** Two buses and all that may happen to them, step by step, with simulated time. */
export class World {
  readonly history: History = new History();
  /** Milliseconds of blocked time that may have been taken for time in which the loop ran. */
  #blocked = 0;
  #hasBroken = false;
  #hasClosed = false;
  /** A bus closed that had never said hello: nobody can tell it from a process without one. */
  #isUnheard = false;
  /** A close ended before the other side knew of it: what was sent meanwhile met nobody. */
  #gaveUp = false;
  /** Milliseconds in which the loop ran. */
  #elapsed = 0;
  readonly #sandbox = sinon.createSandbox();
  readonly #clock: sinon.SinonFakeTimers;
  readonly #parties: readonly [Party, Party];
  #held: (() => void)[] = [];
  #waiting: (() => void)[] = [];
  #controllers: AbortController[] = [];
  /** Calls of `close` that have not resolved. */
  #closing = 0;
  readonly #wrong: string[] = [];

  constructor(serialization: "json" | "clone") {
    this.#clock = this.#sandbox.useFakeTimers({
      toFake: [
        "nextTick",
        "setImmediate",
        "clearImmediate",
        "setTimeout",
        "clearTimeout",
        "setInterval",
        "clearInterval",
        "performance",
      ],
    });
    const left = new ScheduledLink("memory:left", serialization);
    const right = new ScheduledLink("memory:right", serialization);
    left.other = right;
    right.other = left;
    this.#parties = [this.#join(left), this.#join(right)];
    this.#parties[0].peer.greet();
  }

  /** The two know each other, and listen in a namespace. */
  async connect(): Promise<void> {
    this.#open(0, 0);
    this.#open(1, 0);
    await this.#calm();
  }

  async perform(command: Command): Promise<void> {
    switch (command.do) {
      case "emit":
        void this.#emit(command);
        break;
      case "write":
      case "deliver":
      case "redeliver":
        this.#parties[command.side].link[command.do]();
        break;
      case "stop":
      case "resume":
        this.#parties[command.side].link.isStopped = command.do === "stop";
        break;
      case "open":
        this.#open(command.side, command.namespace);
        break;
      case "close":
        this.#close(command.side, command.namespace);
        break;
      case "flow":
        await this.#flow();
        break;
      case "turn":
        await this.#pass(0);
        break;
      case "time":
        await this.#pass(command.ms);
        break;
      case "block":
        this.#blocked += UNSEEN;
        this.#clock.jump(command.ms);
        break;
      case "settle":
        this.#held.splice(command.which, 1)[0]?.();
        break;
      case "release":
        this.#waiting.splice(command.which, 1)[0]?.();
        break;
      case "cancel":
        this.#controllers.splice(command.which, 1)[0]?.abort();
        break;
      case "cut":
        this.#hasBroken = true;
        this.#cut(command.arrives, command.tells);
        break;
    }
    await settled();
  }

  /** Lets everything come to its end. Returns what was wrong. */
  async finish(): Promise<string[]> {
    try {
      const isLate = this.#elapsed + this.#blocked >= DEFAULT || this.#isUnheard;
      for (const side of [0, 1] as const) {
        this.#open(side, 0);
        this.#open(side, 1);
      }
      await this.#calm();
      await this.#pass(LONGEST);
      await this.#calm();
      this.#wrong.push(...this.#leftovers("all had settled"));
      const hasBroken = this.#hasBroken;
      const hasClosed = this.#hasClosed;
      const isLossy = hasBroken || this.#gaveUp;
      this.#close(0, undefined);
      this.#close(1, undefined);
      await this.#calm();
      if (this.#closing > 0) this.#wrong.push("close() waits for something that never comes");
      await this.#pass(LONGEST);
      this.#cut(true, true);
      await this.#pass(LONGEST);
      const timers = this.#clock.countTimers();
      if (timers > 0) this.#wrong.push(`${timers} timers are left`);
      return [
        ...this.#wrong,
        ...this.history.violations({ hasBroken, hasClosed, isLossy, isLate }),
      ];
    } finally {
      this.#sandbox.restore();
    }
  }

  /** Gives the clock back, whatever state the world is in. */
  end(): void {
    this.#sandbox.restore();
  }

  #join(link: ScheduledLink): Party {
    const { bus, hub } = lonelyBus();
    bus.limits.pending = PENDING;
    bus.use((message, next) => this.#obstruct(message, next));
    bus.lifecycle.on("undelivered", (error, message) => {
      const number = (message.data as Sent | undefined)?.number;
      if (number !== undefined) this.history.of(number)?.reports.push(outcomeOf(error));
    });
    bus.lifecycle.on("protocolError", (error) => this.#wrong.push(error.message));
    return { bus, hub, link, peer: hub.attach(link), opened: new Set() };
  }

  #emit(command: Emit, parent?: Message): Promise<unknown> {
    const { side, namespace, wants, obstacle, payload } = command;
    const { bus, peer } = this.#parties[side];
    const wantsAck = wants !== "nothing";
    const lane = `${side} ${NAMESPACES[namespace]}`;
    const entry = this.history.emitted(lane, wantsAck, this.#codesOf(command, parent));
    const { number } = entry;
    const data = {
      number,
      act: command.act,
      obstacle,
      ...(payload === "large" && { pad: "x".repeat(PENDING / 4) }),
    };
    if (payload === "bad") Object.defineProperty(data, "bad", { enumerable: true, get: fails });
    const controller = wants === "ack with signal" ? new AbortController() : undefined;
    if (controller) this.#controllers.push(controller);
    const event = payload === "no listener" ? "nobody" : "do";
    const receipt = bus
      .ns(NAMESPACES[namespace])
      .to(parent?.peer ?? peer)
      .emit(event, data, { signal: controller?.signal });
    if (!wantsAck) return Promise.resolve();
    if (wants === "ack soon") receipt.within(SOON);
    const began = this.#elapsed + this.#blocked;
    const least = wants === "ack soon" ? SOON : DEFAULT;
    const answer = receipt.ackd((error, reply) => {
      entry.outcomes.push(
        error ? outcomeOf(error) : { code: undefined, executed: "yes", reply, text: "a reply" },
      );
      const isTimeout = error?.code === "ERR_ACK_TIMEOUT";
      if (isTimeout && !parent && this.#elapsed + this.#blocked - began < least - 1) {
        this.#wrong.push(`${number} timed out too early`);
      }
    });
    answer.catch(() => undefined);
    return answer;
  }

  /** With what a message may fail: its own faults, and what may happen to any. */
  #codesOf({ act, obstacle, wants, payload }: Emit, parent?: Message): string[] {
    const hasSignal = wants === "ack with signal" || parent;
    return [
      "ERR_QUEUE_FULL",
      ...(wants === "ack soon" || parent ? ["ERR_ACK_TIMEOUT"] : []),
      ...(hasSignal ? ["ERR_CANCELLED"] : []),
      ...(payload === "bad" ? ["ERR_NOT_SERIALIZABLE"] : []),
      ...(payload === "no listener" ? ["ERR_UNHANDLED"] : []),
      ...(obstacle === "none" || obstacle === "wait" ? [] : ["ERR_REFUSED"]),
      ...(["throw", "reject", "ask back"].includes(act) ? ["ERR_REMOTE"] : []),
    ];
  }

  #listen(side: Side, namespace: 0 | 1, data: unknown, message: Message): unknown {
    const { number, act } = data as Sent;
    this.history.handled(number);
    const entry = this.history.of(number);
    const reply = (value: unknown) => {
      if (entry) entry.reply = value;
      return value;
    };
    switch (act) {
      case "reply":
        return reply({ answered: number });
      case "nothing":
        return undefined;
      case "throw":
        throw new Error("thrown");
      case "reject":
        return Promise.reject(new Error("rejected"));
      case "hold":
        return new Promise((resolve) => {
          this.#held.push(() => resolve(reply({ answered: number, late: true })));
        });
      case "ask back":
        return this.#emit(
          {
            do: "emit",
            side,
            namespace,
            act: "reply",
            obstacle: "none",
            wants: "ack",
            payload: "small",
          },
          message,
        ).then(reply);
    }
  }

  #obstruct(message: Message, next: () => Promise<void>): unknown {
    const { state, direction, kind } = message;
    if (kind === "event") state["obstacle"] = (message.data as Sent).obstacle;
    const obstacle = state["obstacle"] as Emit["obstacle"];
    const crossing = `${direction} ${kind}`;
    if (crossing === "outbound event" && obstacle === "wait") {
      return new Promise<void>((resolve) => this.#waiting.push(resolve)).then(next);
    }
    if (crossing === "outbound event" && obstacle === "throw out") throw new Error("in the way");
    const isDropped =
      (crossing === "outbound event" && obstacle === "drop out") ||
      (crossing === "inbound event" && obstacle === "drop in") ||
      (crossing === "outbound ack" && obstacle === "drop ack") ||
      (crossing === "inbound ack" && obstacle === "no ack");
    return isDropped ? undefined : next();
  }

  #open(side: Side, namespace: 0 | 1): void {
    const { bus, opened } = this.#parties[side];
    const name = NAMESPACES[namespace];
    if (opened.has(name)) return;
    opened.add(name);
    bus.ns(name).on("do", (data, message) => this.#listen(side, namespace, data, message));
  }

  #close(side: Side, namespace: 0 | 1 | undefined): void {
    const { bus, peer } = this.#parties[side];
    if (!peer.isUp) this.#isUnheard = true;
    const closed = namespace === undefined ? bus : bus.ns(NAMESPACES[namespace]);
    this.#hasClosed = true;
    this.#closing++;
    const began = this.#clock.now;
    void closed.close({ timeout: PATIENCE }).then(() => {
      this.#closing--;
      if (this.#clock.now - began >= PATIENCE) this.#gaveUp = true;
    });
  }

  #cut(arrives: boolean, tells: boolean): void {
    for (const { link } of this.#parties) link.break({ signal: "SIGKILL" }, arrives, tells);
  }

  /** Simulated time passes, and the loop runs. */
  async #pass(ms: number): Promise<void> {
    await settled();
    this.#elapsed += ms;
    await this.#clock.tickAsync(ms);
    this.#clock.runMicrotasks();
    await settled();
  }

  /** Until nothing moves any more. */
  async #calm(): Promise<void> {
    let still = 0;
    while (still < 3) {
      still++;
      for (const { link } of this.#parties) link.isStopped = false;
      if (await this.#flow()) still = 0;
      for (const go of [...this.#held.splice(0), ...this.#waiting.splice(0)]) {
        go();
        still = 0;
      }
    }
  }

  /** Everything moves that can. Returns whether something did. */
  async #flow(): Promise<boolean> {
    await this.#pass(0);
    let moved = false;
    for (const { link } of this.#parties) {
      while (link.write()) moved = true;
      while (link.deliver()) moved = true;
    }
    return moved;
  }

  #leftovers(when: string): string[] {
    return this.#parties.flatMap(({ peer }) => {
      const left: string[] = [];
      if (peer.unsettled().length > 0) left.push(`${peer.unsettled().length} unsettled messages`);
      if (peer.isHandling()) left.push("running listeners");
      if (!peer.isFlushed) left.push("something not flushed");
      if (peer.room.waiting !== 0) left.push(`${peer.room.waiting} bytes of room taken`);
      return left.map((what) => `${peer.id}: ${what} after ${when}`);
    });
  }
}

function fails(): never {
  throw new Error("not to be read");
}

function outcomeOf(error: BusError): Outcome {
  return { code: error.code, executed: error.executed, text: `${error.code} ${error.message}` };
}
