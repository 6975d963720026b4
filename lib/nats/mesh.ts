import type { Msg, NatsConnection, QueuedIterator, Status, Subscription } from "@nats-io/nats-core";
import { EventEmitter } from "eventemitter3";
import type { Hub } from "../bus/hub.ts";
import type { Membership } from "../bus/membership.ts";
import type { Carrier } from "../carried/link.ts";
import { Mailbox, type MailboxAsked } from "../carried/mailbox.ts";
import { BusError } from "../errors/bus-error.ts";
import { check } from "../errors/check.ts";
import type { Connection } from "../links/connector.ts";
import { startTimer, tellOutside } from "../time/context.ts";
import { inTime } from "../time/in-time.ts";
import { native } from "../time/native.ts";
import { Directory, type DirectoryAsked } from "./directory.ts";
import type { KnownMember } from "./member.ts";
import { type Joining, newId } from "./options.ts";
import { Presence } from "./presence.ts";
import { MOST_SIGN } from "./sign.ts";
import { ANY_KEY, isKey, Subjects } from "./subjects.ts";
import type { LeaveOptions, Member, Mesh, MeshEvents } from "./types.ts";
import { unknownMember } from "./unknown.ts";

/** A packet is not larger than this, whatever the server takes: smaller ones pass between. */
const MOST_BYTES = 2 ** 18;
const DEFAULT_PAYLOAD = 2 ** 20;
/** Of what a message may take, a frame may take so much more. */
const SLACK = 1.25;
const FRAME = 2 ** 17;
/** What a server needs for headers and subject. */
const OVERHEAD = 2 ** 10;
/** How long it is waited for the server when leaving, in ms. */
const FAREWELL = 1000;
/** How long `leave` waits for what is under way, in ms. */
const LEAVE_TIMEOUT = 10_000;
/** While leaving it is looked so often whether all is settled, in ms. */
const LEAVE_LOOK = 20;
const NO_RESPONDERS = 503;

/** A bus and a connection to NATS: what each is told of the other. */
export class NatsMesh
  extends EventEmitter<MeshEvents>
  implements Mesh, Carrier, MailboxAsked, DirectoryAsked, Membership
{
  readonly name: string;
  readonly instance: string;
  readonly #hub: Hub;
  readonly #connection: NatsConnection;
  readonly #ownsConnection: boolean;
  readonly #serialization: "json" | "advanced";
  readonly #subjects: Subjects;
  readonly #mailbox: Mailbox;
  readonly #directory: Directory;
  readonly #presence: Presence;
  readonly #subscriptions: Subscription[] = [];
  readonly #removeConnector: () => void;
  /** The connection may outlive many meshes, and keeps whoever it tells what becomes of it. */
  #stopWatching: (() => void) | undefined;
  #isConnected = true;
  #isLeaving = false;
  #isOver = false;
  /** Why the server does not let this process listen, or say that it is there. */
  #refused: Error | undefined;
  #leaving: Promise<void> | undefined;

  constructor(hub: Hub, connection: NatsConnection, joining: Joining, ownsConnection: boolean) {
    super();
    const { name, instance, prefix, serialization } = joining;
    this.name = name;
    this.instance = instance;
    this.#hub = hub;
    this.#connection = connection;
    this.#ownsConnection = ownsConnection;
    this.#serialization = serialization;
    this.#subjects = new Subjects(prefix, { name, id: newId() });
    this.#mailbox = new Mailbox(this, this, () => hub.bounds.message * SLACK + FRAME);
    this.#directory = new Directory(this);
    this.#presence = new Presence(joining, this.#directory, {
      isConnected: () => this.isConnected,
      announce: (sign) => this.#publish(this.#subjects.toAll, sign),
      gone: (member, reason) => this.#gone(member, reason),
      ping: () => connection.flush(),
      reconnect: () => this.#dialAgain(),
    });
    this.#removeConnector = hub.peers.addConnector({
      targets: "the { name, instance } of a member",
      reach: (target) => this.#reach(target),
    });
    hub.memberships.add(this);
  }

  /** Resolves when the server knows this process. Rejects, and leaves nothing behind, where it cannot be heard. */
  async begin(): Promise<this> {
    try {
      this.#subscribe();
      void this.#watch();
      await this.#connection.flush();
      this.#assertStays();
      this.#presence.begin();
      // Others may know it from here on. A connection that breaks now comes back, and then it is announced again.
      await this.#connection.flush().catch((error: unknown) => {
        if (this.#connection.isClosed()) throw error;
      });
      // What the client tells of an announcement that was refused has been read within this turn.
      await new Promise<void>((resolve) => native.setImmediate(() => resolve()));
      this.#assertStays();
    } catch (error) {
      // Some may have been heard already, and have heard of it.
      this.leaving();
      await this.#letGo();
      throw error;
    }
    return this;
  }

  /** Throws where the server refuses this process, or the bus was closed meanwhile. */
  #assertStays(): void {
    if (this.#refused) throw this.#refused;
    if (this.#isLeaving) throw closedBus();
  }

  get members(): Member[] {
    return this.#directory.members.filter(({ isLeaving }) => !isLeaving);
  }

  leave(options: LeaveOptions = {}): Promise<void> {
    check.options(options, "leave()", ["timeout"]);
    const timeout = check.timeout(options.timeout ?? LEAVE_TIMEOUT, "the option timeout");
    this.#leaving ??= this.#leave(timeout);
    return this.#leaving;
  }

  // What the links ask.

  get isConnected(): boolean {
    return this.#isConnected && !this.#connection.isClosed() && !this.#connection.isDraining();
  }

  get mostBytes(): number {
    const most = this.#connection.info?.max_payload ?? DEFAULT_PAYLOAD;
    return Math.min(most - Math.min(OVERHEAD, most / 2), MOST_BYTES);
  }

  send(to: string, packet: Buffer, asks: boolean): void {
    this.#presence.sends();
    const subject = this.#subjects.to(to);
    if (asks) this.#connection.publish(subject, packet, { reply: this.#subjects.noneAt(to) });
    else this.#connection.publish(subject, packet);
  }

  /** Who is still listed, and heard again, is a new peer: it may have taken this process for gone. */
  ended(to: string, reason: string): void {
    const member = this.#directory.get(to);
    if (!member || this.#isLeaving) return;
    if (member.isLeaving) {
      this.#directory.forget(member);
      return;
    }
    this.#say("leave", member, reason);
    this.#connect(member);
    this.#say("join", member);
  }

  /** Nothing is taken of whom nobody knows. If it is there it answers, and asks what was taken. */
  stranger(from: string): void {
    if (!this.#isLeaving && this.#presence.mayAsk())
      this.#publish(this.#subjects.toAsker(from), this.#presence.sign("asks"));
  }

  // What the directory tells.

  /** By the clock that counts only time in which others could be heard. */
  get now(): number {
    return this.#presence.clock.now;
  }

  joined(member: KnownMember): void {
    this.#connect(member);
    this.#say("join", member);
  }

  leaves(member: KnownMember): void {
    member.isLeaving = true;
    this.#say("leave", member, "said goodbye");
    // Who never spoke has nothing to end.
    if (member.link.theirs === 0) this.#gone(member, "said goodbye");
  }

  conflict(latest: KnownMember, earlier: KnownMember): void {
    this.#say("conflict", latest, earlier);
  }

  // What the bus tells.

  leaving(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.#presence.leave();
  }

  async left(): Promise<void> {
    if (this.#isOver) return;
    this.#hub.memberships.delete(this);
    this.#removeConnector();
    this.#isOver = true;
    this.#presence.end();
    this.#stopWatching?.();
    if (this.isConnected) await farewell(this.#connection.flush());
    for (const subscription of this.#subscriptions.splice(0)) subscription.unsubscribe();
    if (this.#ownsConnection) await farewell(this.#connection.close());
  }

  // Its own.

  async #leave(timeout: number): Promise<void> {
    this.leaving();
    const members = this.#directory.members;
    for (const { peer } of members) peer.announceClosing();
    const until = performance.now() + timeout;
    while (members.some((each) => each.isNeeded) && performance.now() < until) {
      await new Promise<void>((resolve) => startTimer(resolve, LEAVE_LOOK));
    }
    await this.#letGo();
  }

  /** Says goodbye to everybody. */
  async #letGo(): Promise<void> {
    for (const { peer } of this.#directory.members) {
      const about = { peer };
      peer.detach(new BusError("ERR_CLOSED", "this bus has left the mesh", { about }));
    }
    await this.left();
  }

  #reach(target: unknown): Connection | undefined {
    if (typeof target !== "object" || target === null) return undefined;
    const isNamed = Object.hasOwn(target, "name") && Object.hasOwn(target, "instance");
    if (!isNamed) return undefined;
    const { name, instance } = target as Record<string, unknown>;
    if (typeof name !== "string" || typeof instance !== "string") return undefined;
    const member = this.#find(name, instance);
    const link = member?.link ?? unknownMember(`${name}/${instance}`);
    return { channel: link, name, instance, link: () => link };
  }

  /** In whichever mesh of this bus it is: one of them is asked for all. */
  #find(name: string, instance: string): KnownMember | undefined {
    for (const mesh of this.#hub.memberships) {
      const member = mesh instanceof NatsMesh ? mesh.#directory.find(name, instance) : undefined;
      if (member) return member;
    }
    return undefined;
  }

  #connect(member: KnownMember): void {
    const { key, name, told } = member;
    const { instance, host, pid } = told;
    const isAdvanced = this.#serialization === "advanced" && told.serialization === "advanced";
    const isTaken = this.#directory.members.some(
      (each) => each !== member && each.name === name && each.instance === instance,
    );
    const link = this.#mailbox.begin({
      to: key,
      id: isTaken ? `${name}/${instance}/${key.slice(name.length + 1)}` : `${name}/${instance}`,
      serialization: isAdvanced ? "advanced" : "json",
    });
    const connection = { channel: link, name, instance, host, pid, link: () => link };
    const peer = this.#hub.peers.connect(connection);
    member.connect(link, peer);
    // Who is in a group by its name has to be found there, and be ready.
    peer.greet();
  }

  #subscribe(): void {
    const { fromAll, answers, mail, nones, mine } = this.#subjects;
    this.#listen(mail, (key, { data }, member) => {
      member?.heard(this.now);
      this.#mailbox.receive(key, data);
    });
    this.#listen(nones, (_key, { headers }, member) => {
      if (headers?.code === NO_RESPONDERS && member) member.missedSince ??= this.now;
    });
    const hear = (key: string, message: Msg, member?: KnownMember) => {
      if (key === mine || message.data.length > MOST_SIGN) return;
      // Nobody would end what is begun now.
      if (this.#isLeaving && !member) return;
      if (this.#directory.hear(key, message.string()) === "asks") this.#answer(key);
    };
    this.#listen(fromAll, hear);
    this.#listen(answers, hear);
  }

  #answer(place: string): void {
    if (!this.#isLeaving) this.#publish(this.#subjects.toAsker(place), this.#presence.sign("is"));
  }

  /** Hears who is named last in a subject: a member, or anybody else. */
  #listen(
    subject: string,
    hear: (key: string, message: Msg, member: KnownMember | undefined) => void,
  ): void {
    const start = subject.length - ANY_KEY.length;
    const callback = (error: Error | null, message: Msg) => {
      if (error) {
        this.#refused ??= error;
        return;
      }
      const key = message.subject.slice(start);
      const member = this.#directory.get(key);
      if (member || isKey(key)) hear(key, message, member);
    };
    this.#subscriptions.push(this.#connection.subscribe(subject, { callback }));
  }

  #publish(subject: string, text: string): void {
    if (this.isConnected) this.#connection.publish(subject, text);
  }

  #gone(member: KnownMember, reason: string): void {
    this.#directory.forget(member);
    member.link.close({ reason });
    if (!member.isLeaving) this.#say("leave", member, reason);
  }

  async #watch(): Promise<void> {
    const told = this.#connection.status();
    this.#stopWatching = () => (told as Partial<QueuedIterator<Status>>).stop?.();
    for await (const status of told) {
      if (this.#isOver) return;
      const { type } = status;
      if (type === "error" && isAbout(status.error, this.#subjects.toAll)) {
        this.#refused = status.error;
      }
      if (type === "disconnect") this.#cutOff();
      else if (type === "reconnect") this.#back();
      else if (type === "close") break;
    }
    if (this.#isOver) return;
    this.#cutOff();
    const reason = "cannot be reached: the connection to NATS was closed";
    for (const member of this.#directory.members) this.#gone(member, reason);
    this.#presence.end();
  }

  #cutOff(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#mailbox.connected();
    if (!this.#isLeaving) this.#say("cut off");
  }

  #back(): void {
    if (this.#isConnected) return;
    this.#isConnected = true;
    this.#presence.back();
    this.#mailbox.connected();
    if (!this.#isLeaving) this.#say("back");
  }

  /** The server does not answer. */
  #dialAgain(): void {
    this.#cutOff();
    this.#connection.reconnect().catch(() => undefined);
  }

  /** Listeners are the user's: what they throw is nobody's here. */
  #say<Event extends keyof MeshEvents>(event: Event, ...told: Parameters<MeshEvents[Event]>): void {
    tellOutside(() => this.emit(event, ...(told as never)));
  }
}

/** `join` on a bus that is closed, or was closed while it waited. */
export function closedBus(): BusError {
  return new BusError("ERR_CLOSED", "join() on a bus that is closed");
}

/** Whether the server refuses what is published to a subject. */
function isAbout(error: Error, subject: string): boolean {
  return "subject" in error && error.subject === subject;
}

/** Waits for the server a while, however that ends. */
function farewell(task: Promise<unknown>): Promise<void> {
  return inTime(
    task.catch(() => undefined),
    FAREWELL,
  );
}
