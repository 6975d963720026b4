import { BusError } from "../errors/bus-error.ts";
import { wrong } from "../errors/check.ts";
import { absentParent } from "../links/absent.ts";
import type { Connection, Connector } from "../links/connector.ts";
import type { Link } from "../links/link.ts";
import type { Dialect } from "../peer/dialect.ts";
import type { Host } from "../peer/host.ts";
import { Session } from "../peer/session.ts";

/** Everybody this process talks to or listens to, and how they are found. */
export class Peers {
  readonly #host: Host;
  readonly #connectors: readonly Connector[];
  readonly #all = new Set<Session>();
  readonly #byTarget = new WeakMap<object, Session>();
  #dialect: Dialect | undefined;
  #parent: Session | undefined;
  #isWatching = false;
  #stopWatching: (() => void)[] = [];
  /** Something listens here: the peers keep the process alive. */
  #holds = false;

  constructor(host: Host, connectors: readonly Connector[]) {
    this.#host = host;
    this.#connectors = connectors;
  }

  /** Those that are gone left out. */
  get all(): Session[] {
    return [...this.#all];
  }

  /** The peer behind whatever `to()` was given. Throws a `TypeError` if there can be none. */
  of(target: unknown): Session {
    this.watch();
    const peer = target === "parent" ? this.parent() : this.#reach(target);
    peer.greet();
    return peer;
  }

  /** The peer above; in a process without one, a peer that never was. */
  parent(): Session {
    if (this.#parent) return this.#parent;
    const connection = firstOf(this.#connectors, (connector) => connector.parent?.());
    if (connection) {
      this.#parent = this.#connect(connection);
      this.#parent.greet();
    } else {
      this.#parent = this.#absentParent();
    }
    return this.#parent;
  }

  /** Cluster workers take part by themselves, also those that were forked before. They are only listened to. */
  watch(): void {
    if (this.#isWatching || this.#host.state !== "open") return;
    this.#isWatching = true;
    for (const connector of this.#connectors) {
      const stop = connector.watch?.((connection) => this.#connect(connection));
      if (stop) this.#stopWatching.push(stop);
    }
  }

  /** Takes a link in, for tests and for what is not found by `to()`. */
  attach(link: Link): Session {
    const peer = new Session(this.#host, link);
    if (peer.state !== "down") {
      this.#all.add(peer);
      peer.hold.set("listeners", this.#holds);
      if (this.#dialect) peer.learn(this.#dialect);
    }
    return peer;
  }

  /** It is gone. */
  remove(peer: unknown): void {
    this.#all.delete(peer as Session);
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
    for (const peer of this.#all) peer.hold.set("listeners", holds);
  }

  /** Lets go of all channels. */
  letGo(error: BusError): void {
    for (const stop of this.#stopWatching.splice(0)) stop();
    for (const peer of this.all) peer.detach(error);
  }

  #reach(target: unknown): Session {
    if (target instanceof Session && target.isOf(this.#host)) return target;
    const connection = firstOf(this.#connectors, (connector) => connector.reach(target));
    if (connection) return this.#connect(connection);
    const targets = [
      ...this.#connectors.map((connector) => connector.targets),
      "a peer of this bus",
    ];
    throw wrong("the target of to()", `${targets.join(", ")} or "parent"`, target);
  }

  #connect(connection: Connection): Session {
    let peer = this.#byTarget.get(connection.target);
    if (!peer && this.#host.state !== "open") {
      const closed = new BusError("ERR_CLOSED", "this bus is closed");
      return new Session(this.#host, connection.link(), closed);
    }
    if (!peer) {
      peer = this.attach(connection.link());
      this.#byTarget.set(connection.target, peer);
    }
    return peer;
  }

  #absentParent(): Session {
    const reason =
      "this process has no parent to talk to: it was not started by fork, cluster or Worker";
    return new Session(this.#host, absentParent, new BusError("ERR_NO_PEER", reason));
  }
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
