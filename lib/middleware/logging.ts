import { builtin, type Middleware } from "../chain/layer.ts";
import { completed } from "../chain/run.ts";
import type { Message } from "../message/message.ts";

/** What logging writes to: `console`, pino and most others fit. */
export interface Logger {
  debug(text: string): void;
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

export interface LoggingOptions {
  /** Without one, `NODE_DEBUG=clusterphone` writes to stderr, and otherwise nothing happens. */
  readonly logger?: Logger | undefined;
  /** The level of what goes well, `debug` by default. What fails is logged as `warn`. */
  readonly level?: "debug" | "info" | undefined;
}

const nodeLogger = loggerOfNode();

/** Writes a line for every message and ack that crosses the chain, either way. Off, it costs nothing. */
export function logging(options: LoggingOptions = {}): Middleware {
  const logger = options.logger ?? nodeLogger;
  const level = options.level ?? "debug";
  const crossings = logger ? undefined : [];
  const layer = builtin<Message>(
    "logging",
    function logging(message, next) {
      if (message.direction === "outbound") log(message);
      const rest = next();
      if (message.direction === "outbound") return rest;
      if (rest !== completed) return rest.then(() => log(message));
      log(message);
    },
    { crossings },
  );
  function log(message: Message): void {
    const { direction, kind, namespace, event, id, peer, error } = message;
    const arrow = direction === "outbound" ? "->" : "<-";
    const text = `${arrow} ${peer.id} ${namespace}/${event} #${id}${kind === "ack" ? " ack" : ""}`;
    if (error) logger?.warn(`${text}: ${error.message}`);
    else logger?.[level](text);
  }
  return layer;
}

/** Only who debugs something waits until `node:util`, and what belongs to it, is loaded. */
function loggerOfNode(): Logger | undefined {
  if (!process.env["NODE_DEBUG"]) return undefined;
  const node = process.getBuiltinModule("node:util").debuglog("clusterphone");
  return node.enabled ? { debug: node, info: node, warn: node, error: node } : undefined;
}
