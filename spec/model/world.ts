import { getEventListeners } from "node:events";
import sinon from "sinon";
import type { Bus } from "../../lib/bus/bus.ts";
import type { Hub } from "../../lib/bus/hub.ts";
import type { BusError } from "../../lib/errors/bus-error.ts";
import type { Message } from "../../lib/message/message.ts";
import type { Session as Peer } from "../../lib/peer/session.ts";
import type { Bounds } from "../oracle/bounds.ts";
import type { Ending, Fact, Outcome } from "../oracle/facts.ts";
import { describe } from "../oracle/report.ts";
import { judge } from "../oracle/rules.ts";
import { lonelyBus } from "../support/buses.ts";
import { fakeNative } from "../support/faked.ts";
import type { Command, Event, Side } from "./commands.ts";
import { ScheduledLink } from "./scheduled-link.ts";

const NAMESPACES = ["left of two", "right of two"] as const;
/** All that have listeners. */
const EVENTS = ["echo", "note", "fail", "fail-late", "slow", "ask"] as const;
/** Bytes that may wait, so few that large messages fill them. */
const PENDING = 1_000_000;
const LARGE = "x".repeat(PENDING / 4);
/** ms of an ack that is wanted soon. */
const SOON = 50;
/** So much of a time in which the loop is blocked, in ms, may go unnoticed. */
const UNSEEN = 50;
/** How long `close` waits, in ms. */
const PATIENCE = 5000;
/** More than any ack has, in ms, its time for the middleware included. */
const LONGEST = 21_000;
/** What is due is there at once, but for what `close` waits for; time passes in steps, and acks have none to take. */
const BOUNDS: Bounds = { soon: 1, ack: Infinity, early: 1, close: PATIENCE * 2 };

type Emit = Extract<Command, { do: "emit" }>;

interface Payload {
  readonly key: string;
  readonly obstacle: Emit["obstacle"];
  readonly text: string;
}

interface Party {
  readonly name: string;
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
  readonly #facts: Fact[] = [];
  /** ms in which the loop was blocked, but for those that may go unnoticed. */
  #blocked = 0;
  #lastMoment = 0;
  #isCut = false;
  /** The number of the last message. */
  #last = 0;
  /** A bus closed before the other side had heard of it, or that it closes: what is sent to it ends by its timeout, if it has one. */
  #meetsNobody = false;
  readonly #sandbox = sinon.createSandbox();
  readonly #clock: sinon.SinonFakeTimers;
  readonly #giveBack = fakeNative();
  readonly #parties: readonly [Party, Party];
  #held: (() => void)[] = [];
  #waiting: (() => void)[] = [];
  #controllers: AbortController[] = [];
  /** Of all controllers there were; none may be listened to in the end. */
  readonly #signals: AbortSignal[] = [];
  /** Calls of `close` that have not resolved. */
  #closing = 0;

  constructor(serialization: "json" | "clone") {
    // Time is simulated, and often still: nobody need hear of a silence.
    this.#sandbox.stub(process, "emitWarning");
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
    this.#parties = [this.#join("left", left), this.#join("right", right)];
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
      case "flush":
        this.#parties[command.side].bus.flush();
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
        await this.#endTick();
        this.#blocked += Math.max(0, command.ms - UNSEEN);
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
      case "fail":
        this.#tellOfEnd();
        this.#parties[command.side].link.fail();
        break;
      case "cut":
        this.#tellOfEnd();
        this.#cut(command.arrives, command.tells);
        for (const { name } of this.#parties) this.#end(name);
        break;
    }
    await settled();
  }

  /** Lets everything come to its end. Returns what was wrong, or nothing. */
  async finish(): Promise<string> {
    try {
      if (!this.#isCut && this.#parties.some(({ link }) => link.isFailing)) {
        await this.perform({ do: "cut", arrives: true, tells: true });
      }
      for (const side of [0, 1] as const) {
        this.#open(side, 0);
        this.#open(side, 1);
      }
      await this.#calm();
      if (!this.#meetsNobody) this.#lookForRemains("nothing moves any more");
      await this.#pass(LONGEST);
      await this.#calm();
      this.#lookForRemains("all had their time");
      this.#close(0, undefined);
      this.#close(1, undefined);
      await this.#calm();
      if (this.#meetsNobody) await this.#pass(PATIENCE);
      if (this.#closing > 0) this.#crash("both", "close() waits for something that never comes");
      await this.#pass(LONGEST);
      this.#cut(true, true);
      await this.#pass(LONGEST);
      const timers = this.#clock.countTimers();
      if (timers > 0) this.#crash("both", `${timers} timers are left`);
      this.#account("all is over");
      for (const { name } of this.#parties) this.#end(name);
      return describe(judge(this.#facts, BOUNDS), this.#facts);
    } finally {
      this.#giveBack();
      this.#sandbox.restore();
    }
  }

  /** Gives the clock back, whatever state the world is in. */
  end(): void {
    this.#giveBack();
    this.#sandbox.restore();
  }

  #join(name: string, link: ScheduledLink): Party {
    const { bus, hub } = lonelyBus();
    bus.limits.pending = PENDING;
    bus.use((message, next) => this.#obstruct(message, next));
    bus.lifecycle.on("undelivered", (error, message) => {
      const { key } = message.data as Payload;
      const { code, executed } = error;
      this.#record({ is: "reported", at: this.#moment(), key, by: name, code, executed });
    });
    bus.lifecycle.on("protocolError", (error) => this.#crash(name, error.message));
    return { name, bus, hub, link, peer: hub.attach(link), opened: new Set() };
  }

  #emit(command: Emit, parent?: Message): Promise<unknown> {
    const { side, event, wants, obstacle, payload } = command;
    const { bus, name, peer } = this.#parties[side];
    const namespace = NAMESPACES[command.namespace];
    const wantsAck = wants !== "nothing";
    const key = `${name}:${++this.#last}`;
    const data: Payload = { key, obstacle, text: payload === "large" ? LARGE : "" };
    if (payload === "bad") Object.defineProperty(data, "bad", { enumerable: true, get: fails });
    const controller = wants === "ack with signal" ? new AbortController() : undefined;
    if (controller) {
      this.#controllers.push(controller);
      this.#signals.push(controller.signal);
    }
    this.#record({
      is: "sent",
      at: this.#moment(),
      key,
      from: name,
      to: this.#parties[side === 0 ? 1 : 0].name,
      namespace,
      event,
      wantsAck,
      timeout: wants === "ack soon" ? SOON : bus.ackTimeout,
      length: data.text.length,
      aborts: controller !== undefined,
      inherits: parent !== undefined,
      hasHandle: false,
      isBad: payload === "bad",
      isObstructed: obstacle !== "none" && obstacle !== "wait",
    });
    const receipt = bus
      .ns(namespace)
      .to(parent?.peer ?? peer)
      .emit(event, data, { signal: controller?.signal });
    if (!wantsAck) return Promise.resolve();
    if (wants === "ack soon") receipt.within(SOON);
    return new Promise<void>((resolve) => {
      const settle = (outcome: Outcome) => {
        this.#record({ is: "settled", at: this.#moment(), key, outcome });
        resolve();
      };
      receipt
        .ackd((error, reply) => settle(error ? failureOf(error) : { reply }))
        .catch(() => undefined);
    });
  }

  #listen(side: Side, namespace: 0 | 1, event: Event, message: Message): unknown {
    const { key, text } = message.data as Payload;
    const { name: by } = this.#parties[side];
    this.#record({ is: "handled", at: this.#moment(), key, by, namespace: NAMESPACES[namespace] });
    const reply = { key, length: text.length };
    const finish = () => {
      this.#record({ is: "finished", at: this.#moment(), key });
      return reply;
    };
    switch (event) {
      case "echo":
        return reply;
      case "fail":
        throw new Error("thrown");
      case "fail-late":
        return Promise.resolve().then(() => {
          finish();
          throw new Error("rejected");
        });
      case "slow":
        return new Promise((resolve) => {
          this.#held.push(() => resolve(finish()));
        });
      case "ask": {
        const back = { event: "echo", obstacle: "none", wants: "ack", payload: "small" } as const;
        return this.#emit({ do: "emit", side, namespace, ...back }, message).then(finish);
      }
      case "note":
      case "typo":
        return undefined;
    }
  }

  #obstruct(message: Message, next: () => Promise<void>): unknown {
    const { state, direction, kind } = message;
    if (kind === "event") state["obstacle"] = (message.data as Payload).obstacle;
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
    try {
      for (const event of EVENTS) {
        bus.ns(name).on(event, (_, message) => this.#listen(side, namespace, event, message));
      }
    } catch (error) {
      // A closed bus says so.
      if ((error as { code?: string }).code !== "ERR_CLOSED") throw error;
    }
  }

  #close(side: Side, namespace: 0 | 1 | undefined): void {
    const { bus, name, peer } = this.#parties[side];
    if (!peer.handshake.isHeard) this.#meetsNobody = true;
    const closed = namespace === undefined ? bus : bus.ns(NAMESPACES[namespace]);
    this.#tell(name, "close");
    this.#closing++;
    const began = this.#clock.now;
    void closed.close({ timeout: PATIENCE }).then(() => {
      this.#closing--;
      if (namespace !== undefined) this.#parties[side].opened.delete(NAMESPACES[namespace]);
      const took = this.#clock.now - began;
      if (took >= PATIENCE) this.#meetsNobody = true;
      this.#record({ is: "closed", at: this.#moment(), who: name, took });
    });
  }

  #tellOfEnd(): void {
    for (const { name } of this.#parties) this.#tell(name, "disconnect");
  }

  #cut(arrives: boolean, tells: boolean): void {
    this.#isCut = true;
    for (const { link } of this.#parties) link.break({ signal: "SIGKILL" }, arrives, tells);
  }

  #record(fact: Fact): void {
    this.#facts.push(fact);
  }

  /** ms in which the loop ran so far, and a little more than at the last look: no two facts have the same time. */
  #moment(): number {
    this.#lastMoment = Math.max(this.#lastMoment, this.#clock.now - this.#blocked) + 1e-6;
    return this.#lastMoment;
  }

  #tell(who: string, what: Ending): void {
    this.#record({ is: "told", at: this.#moment(), who, what });
  }

  #end(who: string): void {
    this.#record({ is: "idle", at: this.#moment(), who });
    this.#record({ is: "ended", at: this.#moment(), who, code: 0, signal: null });
  }

  #crash(who: string, text: string): void {
    this.#record({ is: "crashed", at: this.#moment(), who, text });
  }

  /** What waits for the end of the tick does not wait for the first timer. */
  async #endTick(): Promise<void> {
    await settled();
    this.#clock.runMicrotasks();
    await settled();
  }

  /** Simulated time passes, and the loop runs. */
  async #pass(ms: number): Promise<void> {
    await this.#endTick();
    await this.#clock.tickAsync(ms);
    await this.#endTick();
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

  /** Nothing may be left of anything, but what waits for who never comes, has no time of its own, and is not asked for. */
  #lookForRemains(when: string): void {
    if (this.#meetsNobody) {
      for (const { name, peer } of this.#parties) {
        const left = peer.unfinished.unsettled().filter((event) => event.wantsAck);
        if (left.length > 0)
          this.#crash(name, `has ${left.length} unanswered messages when ${when}`);
      }
      return;
    }
    for (const { name, peer } of this.#parties) {
      if (!peer.unfinished.isFlushed) this.#crash(name, `is not flushed when ${when}`);
    }
    this.#account(when);
  }

  /** At rest nothing waits, nothing is unwritten, nothing is in flight, and nothing is held. */
  #account(when: string): void {
    for (const { name, hub, peer } of this.#parties) {
      const { backlog, outbox, unanswered } = peer;
      const held = {
        "unsettled messages": peer.unfinished.unsettled().length,
        "messages in flight": unanswered.size,
        "running listeners": peer.unfinished.isHandling() ? 1 : 0,
        "parcels and frames": outbox.size,
        "bytes of room": backlog.waiting,
        "unwritten bytes": backlog.unwritten,
        deadlines: hub.deadlines.size,
      };
      for (const [what, count] of Object.entries(held)) {
        if (count !== 0) this.#crash(name, `has ${count} ${what} when ${when}`);
      }
    }
    const followed = this.#signals.filter(
      (signal) => getEventListeners(signal, "abort").length > 0,
    );
    if (followed.length > 0)
      this.#crash("both", `${followed.length} signals are held when ${when}`);
  }
}

function fails(): never {
  throw new Error("not to be read");
}

function failureOf({ code, executed, message }: BusError): Outcome {
  return { code, executed, text: message };
}
