import { BusError } from "../errors/bus-error.ts";
import { wrong } from "../errors/check.ts";
import { absentParent } from "../links/absent.ts";
import type { Connection, Connector, Watch, Whereabouts } from "../links/connector.ts";
import { beforeEnd } from "../links/ending.ts";
import type { Link } from "../links/link.ts";
import type { Dialect } from "../peer/dialect.ts";
import type { Host } from "../peer/host.ts";
import { Session } from "../peer/session.ts";

/** Everybody this process talks to or listens to, and how they are found. */
export class Peers {
  readonly #host: Host;
  readonly #connectors: Connector[];
  readonly #all = new Set<Session>();
  /** What was found of the members of each group since something has changed; nothing is kept of who is gone. */
  #members = new WeakMap<object, readonly Session[]>();
  readonly #byChannel = new WeakMap<object, Session>();
  readonly #channels = new WeakMap<Session, object>();
  #dialect: Dialect | undefined;
  #parent: Session | undefined;
  #isWatching = false;
  readonly #watches: Watch[] = [];
  /** Stops waiting for the end of the process; there is something to do then as long as there are peers. */
  #stopWaiting: (() => void) | undefined;
  /** Something listens here: the peers keep the process alive. */
  #holds = false;
  /** There is, or was, somebody else than the parent to listen to. */
  #hasOthers = false;

  constructor(host: Host, connectors: readonly Connector[]) {
    this.#host = host;
    this.#connectors = [...connectors];
  }

  /** Those that are gone left out. */
  get all(): Session[] {
    return [...this.#all];
  }

  /** The same, without a parent that was never heard: it need not have a bus. */
  get present(): Session[] {
    return this.all.filter((peer) => !isUnheardParent(peer));
  }

  /** Those of them who may belong to a group: this bus itself may be at the other end of a link, and never does. */
  get others(): Session[] {
    return this.present.filter((peer) => !peer.handshake.isWithOurselves);
  }

  /** Somebody has come, was heard, has opened or closed something, or has gone. */
  changed(): void {
    this.#members = new WeakMap();
  }

  /** The members of a group, which are looked for only if something has changed. The same list means that nothing has. */
  membersOf(group: object, find: () => readonly Session[]): readonly Session[] {
    let members = this.#members.get(group);
    if (!members) {
      members = find();
      this.#members.set(group, members);
    }
    return members;
  }

  /** The peer behind whatever `to()` was given. Throws a `TypeError` if there can be none. */
  of(target: unknown): Session {
    const peer = this.find(target);
    peer.greet();
    return peer;
  }

  /** The same, who is not spoken to on that account. */
  find(target: unknown): Session {
    this.watch();
    return target === "parent" ? this.parent() : this.#reach(target);
  }

  /** The peer above; in a process without one, a peer that never was. */
  parent(): Session {
    if (this.#parent) return this.#parent;
    const connection = firstOf(this.#connectors, (connector) => connector.parent?.());
    this.#parent = connection ? this.connect(connection) : this.#absentParent();
    return this.#parent;
  }

  /** Takes part: listens to the parent and to those who come by themselves, and speaks only where it would not be heard of otherwise. */
  listen(): void {
    const parent = this.parent();
    // What it said before anybody listened here got lost. Elsewhere it waits, and is answered when it is read.
    if (parent.link.forgetsEarlyFrames) parent.greet();
    this.watch();
  }

  /** Cluster workers take part by themselves, also those that were forked before. They are only listened to. */
  watch(): void {
    if (this.#isWatching || this.#host.state !== "open") return;
    this.#isWatching = true;
    for (const connector of this.#connectors) {
      const watch = connector.watch?.((connection) => this.connect(connection));
      if (watch) this.#watches.push(watch);
    }
  }

  /** Sees also those who were started in this tick. */
  look(): void {
    for (const watch of this.#watches) watch.look();
  }

  /** Another way to find peers. Returns how to forget it. */
  addConnector(connector: Connector): () => void {
    this.#connectors.push(connector);
    return () => {
      this.#connectors.splice(this.#connectors.indexOf(connector), 1);
    };
  }

  /** Takes a link in, for tests and for what is not found by `to()`. */
  attach(link: Link, whereabouts?: Whereabouts): Session {
    return this.#add(new Session(this.#host, link, whereabouts));
  }

  /** Another bus has taken a peer's place on its link. */
  succeed(before: unknown): Session {
    const predecessor = before as Session;
    const { link, target, pid, name, instance, host } = predecessor;
    const place = { target, pid, host, instance, name: instance && name };
    const peer = new Session(this.#host, link, { ...place, predecessor });
    const channel = this.#channels.get(predecessor);
    if (channel) this.#name(channel, peer);
    if (predecessor === this.#parent) this.#parent = peer;
    return this.#add(peer);
  }

  /** It is gone. */
  remove(peer: unknown): void {
    this.#all.delete(peer as Session);
    this.changed();
    if (this.#all.size > 0) return;
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
  }

  /** From now on all peers, those there are too, are also spoken to in the dialect. */
  learn(dialect: Dialect): void {
    this.#dialect = dialect;
    for (const peer of this.#all) peer.learn(dialect);
  }

  /** Whether waiting for what the peers send keeps the process alive. */
  hold(holds: boolean): void {
    if (holds === this.#holds) return;
    this.#holds = holds;
    this.updateHold();
  }

  /** A parent that was never heard keeps the process only if there is nobody else whom it could be listening for. */
  updateHold(): void {
    for (const peer of this.#all) {
      const counts = !this.#hasOthers || !isUnheardParent(peer);
      peer.hold.set("listeners", this.#holds && counts);
    }
  }

  /** Lets go of all channels. */
  letGo(): void {
    for (const watch of this.#watches.splice(0)) watch.stop();
    for (const peer of this.all) peer.detach(closedFor(peer));
  }

  /** What was emitted in the tick in which the process ends is written, as what `process.send` is given is. */
  #flushForGood(): void {
    for (const peer of this.#all) peer.outbox.flushForGood();
  }

  #reach(target: unknown): Session {
    if (target instanceof Session && target.isOf(this.#host)) return target;
    const connection = firstOf(this.#connectors, (connector) => connector.reach(target));
    if (connection) return this.connect(connection);
    const targets = [
      ...this.#connectors.map((connector) => connector.targets),
      "a peer of this bus",
    ];
    throw wrong("the target of to()", `${targets.join(", ")} or "parent"`, target, hintFor(target));
  }

  /** The peer at the end of a way; a new one, if nobody is known there. */
  connect(connection: Connection): Session {
    let peer = this.#byChannel.get(connection.channel);
    if (!peer && this.#host.state !== "open") {
      const link = connection.link();
      return new Session(this.#host, link, { ...connection, absent: closedFor(link) });
    }
    if (!peer) {
      peer = this.attach(connection.link(), connection);
      this.#name(connection.channel, peer);
    }
    return peer;
  }

  #name(channel: object, peer: Session): void {
    this.#byChannel.set(channel, peer);
    this.#channels.set(peer, channel);
  }

  #add(peer: Session): Session {
    if (peer.state === "down") return peer;
    this.#all.add(peer);
    this.changed();
    this.#stopWaiting ??= beforeEnd(() => this.#flushForGood());
    if (peer.kind !== "parent") this.#hasOthers = true;
    this.updateHold();
    if (this.#dialect) peer.learn(this.#dialect);
    return peer;
  }

  #absentParent(): Session {
    const reason =
      "this process has no parent to talk to: it was not started by fork, cluster or Worker";
    const about = { peer: absentParent };
    const absent = new BusError("ERR_NO_PEER", reason, { about });
    return new Session(this.#host, absentParent, { absent });
  }
}

function closedFor(peer: { readonly id: string }): BusError {
  return new BusError("ERR_CLOSED", "this bus is closed", { about: { peer } });
}

/** What is meant, probably, by what is no target. */
function hintFor(target: unknown): string | undefined {
  if (typeof target === "string") return "groups, and buses by their name, are for all() and any()";
  if (typeof target !== "object" || target === null) return undefined;
  try {
    if (target instanceof Session) return "it is a peer of another bus";
    if (Symbol.iterator in target) return "several are for all() and any()";
    const isMember = Object.hasOwn(target, "name") && target.constructor === Object;
    return isMember
      ? "a member of a mesh has a name and an instance, and join() comes first"
      : undefined;
  } catch {
    // It is somebody's Proxy, and throws when it is asked.
    return undefined;
  }
}

/** A parent that has not been heard need not have a bus: it may be a test runner, or `node --watch`. */
function isUnheardParent({ kind, state }: Session): boolean {
  return kind === "parent" && state === "connecting";
}

/** What the first connector that knows it says. */
function firstOf<Result>(
  connectors: readonly Connector[],
  ask: (connector: Connector) => Result | undefined,
): Result | undefined {
  for (const connector of connectors) {
    const result = ask(connector);
    if (result !== undefined) return result;
  }
  return undefined;
}
