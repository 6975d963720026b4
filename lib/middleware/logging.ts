import { builtin, type Middleware } from "../chain/layer.ts";
import { completed } from "../chain/run.ts";
import { check, wrong } from "../errors/check.ts";
import type { Message } from "../message/message.ts";
import {
  type Fields,
  type FieldsFirstLogger,
  type FieldsLastLogger,
  type Logger,
  writerTo,
} from "./logger.ts";
import { nodeDebug } from "./node-debug.ts";

/**
 * What `logging` is told. Of pino, bunyan and winston it knows where they take fields; of others `fields`
 * tells it, and without that they get a sentence.
 */
export type LoggingOptions = {
  /** The level of what goes well, `debug` by default. What fails is logged as `warn`. */
  readonly level?: "debug" | "info" | undefined;
} & (
  | {
      /** Without one, `NODE_DEBUG=clusterphone` writes to stderr, and otherwise nothing happens. */
      readonly logger?: Logger | undefined;
      /** `"none"` writes sentences only. */
      readonly fields?: "none" | undefined;
    }
  | { readonly logger: FieldsFirstLogger; readonly fields: "first" }
  | { readonly logger: FieldsLastLogger; readonly fields: "last" }
);

const NAMES = ["logger", "level", "fields"];
const node = nodeDebug();
const nodeLogger = node && { debug: node, info: node, warn: node, error: node };

/**
 * Writes a line for every message and ack that crosses the chain, either way: a sentence, and to a logger that takes
 * them the fields `direction`, `kind`, `namespace`, `event`, `id`, `peer`, and `err` of what failed. Off, it costs
 * nothing.
 */
export function logging(options: LoggingOptions = {}): Middleware {
  check.options(options, "logging()", NAMES);
  const level = options.level ?? "debug";
  if (level !== "debug" && level !== "info") {
    throw wrong("the option level", '"debug" or "info"', level);
  }
  const logger = options.logger ?? nodeLogger;
  const write = logger && writerTo(logger, options.fields as Fields | undefined);
  const crossings = write ? undefined : [];
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
    const text = sentence(message);
    const { error } = message;
    if (error) write?.("warn", `${text}: ${error.message}`, () => fieldsOf(message));
    else write?.(level, text, () => fieldsOf(message));
  }
  return layer;
}

function sentence({ direction, kind, namespace, event, id, peer }: Message): string {
  const arrow = direction === "outbound" ? "->" : "<-";
  return `${arrow} ${peer.id} ${namespace}/${event} #${id}${kind === "ack" ? " ack" : ""}`;
}

/** The error has the name that pino and bunyan know how to write. */
function fieldsOf({ direction, kind, namespace, event, id, peer, error }: Message): object {
  return { direction, kind, namespace, event, id, peer: peer.id, ...(error && { err: error }) };
}
