import type { NatsConnection } from "@nats-io/nats-core";
import { check, wrong } from "../errors/check.ts";
import { isTime } from "./sign.ts";
import { isPart } from "./subjects.ts";

/** Options of `join`. */
export interface JoinOptions {
  /** What the others know this bus by: 1 to 64 letters, digits, `_` and `-`. `bus.name` by default. */
  readonly name?: string;
  /** Which of those of that name it is; made up by default, and new with each process then. */
  readonly instance?: string;
  /**
   * A connection to NATS, of whatever client: with its servers, credentials, TLS, and how it reconnects. It stays yours: it
   * is neither closed nor drained. One of `connection` and `servers` is needed.
   */
  readonly connection?: NatsConnection;
  /** Servers to connect to. Needs `@nats-io/transport-node`. The connection is closed when the bus leaves. */
  readonly servers?: string | readonly string[];
  /** What all subjects begin with: `"clusterphone"` by default. Meshes with different prefixes know nothing of each other. */
  readonly prefix?: string;
  /**
   * How payloads travel: `"json"` by default, or as `"advanced"` of `child_process.fork`, where the other side has chosen
   * that too. The latter reads the format of v8, which promises nothing about hostile bytes.
   */
  readonly serialization?: "json" | "advanced";
  /** ms for which this process may be unsubscribed, as while it reconnects, before others take it for gone: 1,500 by default, an hour at most. */
  readonly absence?: number;
  /** ms of silence after which another is taken for gone, though the server knows it: 30,000 by default. */
  readonly silence?: number;
}

const KNOWN: readonly (keyof JoinOptions)[] = [
  ...(["name", "instance", "connection", "servers", "prefix"] as const),
  ...(["serialization", "absence", "silence"] as const),
];

/** The same, checked and complete. */
export interface Joining {
  readonly name: string;
  readonly instance: string;
  readonly prefix: string;
  readonly serialization: "json" | "advanced";
  readonly absence: number;
  readonly silence: number;
}

/** Checks what `join` was given. Throws a `TypeError` that says what is wrong. */
export function readJoinOptions(options: JoinOptions, busName: string | undefined): Joining {
  check.options(options, "join()", KNOWN);
  const { name = busName, instance = newId(), prefix = "clusterphone" } = options;
  const { serialization = "json", absence = 1500, silence = 30_000 } = options;
  check.busName(name, "the option name");
  if (!isPart(instance)) {
    throw wrong("the option instance", "1 to 64 letters, digits, _ or -", instance);
  }
  if (typeof prefix !== "string" || !prefix.split(".").every(isPart)) {
    throw wrong("the option prefix", "letters, digits, _ and -, with dots between", prefix);
  }
  if (serialization !== "json" && serialization !== "advanced") {
    throw wrong("the option serialization", '"json" or "advanced"', serialization);
  }
  checkWay(options);
  const told = check.timeout(absence, "the option absence");
  // Who tells the others of a longer one is not understood.
  if (!isTime(told)) throw wrong("the option absence", "an hour at most, in ms", absence);
  return {
    name: name as string,
    instance,
    prefix,
    serialization,
    absence: told,
    silence: check.timeout(silence, "the option silence"),
  };
}

/** Over what it joins. */
function checkWay({ connection, servers }: JoinOptions): void {
  if ((connection === undefined) === (servers === undefined)) {
    throw new TypeError("join() needs a connection or servers, and not both");
  }
  if (connection !== undefined && typeof connection?.subscribe !== "function") {
    throw wrong("the option connection", "a connection of the NATS client", connection);
  }
  const list: unknown = typeof servers === "string" ? [servers] : servers;
  const isList = Array.isArray(list) && list.length > 0;
  if (servers !== undefined && !(isList && list.every((each) => typeof each === "string"))) {
    throw wrong("the option servers", "the address of a server, or a list of such", servers);
  }
}

/** A connection to the servers: it tries again for ever, and soon. */
export async function connectTo(servers: string | readonly string[]): Promise<NatsConnection> {
  const { connect } = await import("@nats-io/transport-node");
  return connect({
    servers: typeof servers === "string" ? servers : [...servers],
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    timeout: 2000,
  });
}

/** A name that nobody else has made up. */
export function newId(): string {
  const bytes = process.getBuiltinModule("node:crypto").randomBytes(9);
  return bytes.toString("base64url");
}
