import { wrong } from "../errors/check.ts";

/** What logging writes sentences to: `console`, and most others. */
export interface Logger {
  debug(text: string): void;
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

/** A logger that takes fields before the sentence: pino, bunyan. */
export interface FieldsFirstLogger {
  debug(fields: object, text: string): void;
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
}

/** A logger that takes fields after the sentence: winston. */
export interface FieldsLastLogger {
  debug(text: string, fields: object): void;
  info(text: string, fields: object): void;
  warn(text: string, fields: object): void;
}

/** Where a logger takes fields. */
export type Fields = "first" | "last" | "none";

/** The levels that logging uses. */
type Level = "debug" | "info" | "warn";

/** Writes a sentence, and the same as fields where the logger takes them. */
type Write = (level: Level, text: string, fields: () => object) => void;

/** How to write to a logger. Throws a `TypeError` if it is none. */
export function writerTo(logger: unknown, fields: Fields | undefined): Write {
  const given = logger as Record<Level, (...parameters: unknown[]) => void>;
  for (const level of ["debug", "info", "warn"] as const) {
    if (!has(logger, level)) {
      throw wrong("the option logger", "an object with debug(), info() and warn()", logger);
    }
  }
  switch (fields ?? fieldsOf(logger)) {
    case "first":
      return (level, text, fields) => given[level](fields(), text);
    case "last":
      return (level, text, fields) => given[level](text, fields());
    case "none":
      return (level, text) => given[level](text);
    default:
      throw wrong("the option fields", '"first", "last" or "none"', fields);
  }
}

/** Where a logger takes fields, by what it can do beside writing. */
function fieldsOf(logger: unknown): Fields {
  const isPino = has(logger, "child", "bindings");
  const isBunyan = has(logger, "child", "addSerializers");
  if (isPino || isBunyan) return "first";
  const isWinston = has(logger, "child", "configure", "isLevelEnabled");
  return isWinston ? "last" : "none";
}

function has(logger: unknown, ...names: string[]): boolean {
  const given = logger as Record<string, unknown> | null | undefined;
  return names.every((name) => typeof given?.[name] === "function");
}
