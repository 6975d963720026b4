import { isPart } from "./subjects.ts";

/** The version of signs and packets. Who has another is not understood, and not listed. */
const VERSION = 1;
/** Bytes of a sign. More is nobody's. */
export const MOST_SIGN = 4096;
/** No time in a sign is longer, in ms. */
const MOST_TIME = 3_600_000;

/** What a process tells of itself. */
export interface Told {
  readonly instance: string;
  readonly host: string;
  readonly pid: number;
  readonly serialization: "json" | "advanced";
  /** For so many ms nobody may be subscribed to its mail, as when it reconnects, before it is gone. */
  readonly absence: number;
  /** The next sign comes within so many ms. */
  readonly beat: number;
}

/** A sign of life: it `is` there, `asks` who else is, or `leaves`. */
export interface Sign extends Told {
  readonly what: "is" | "asks" | "leaves";
}

export function writeSign(sign: Sign): string {
  return JSON.stringify({ version: VERSION, ...sign });
}

/** Reads a sign of anybody; nothing if it is none. */
export function readSign(text: string): Sign | undefined {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof read !== "object" || read === null) return undefined;
  const { version, what, instance, host, pid, serialization, absence, beat } = read as Record<
    string,
    unknown
  >;
  const isSound =
    version === VERSION &&
    (what === "is" || what === "asks" || what === "leaves") &&
    isPart(instance) &&
    typeof host === "string" &&
    host.length <= 255 &&
    Number.isSafeInteger(pid) &&
    (serialization === "json" || serialization === "advanced") &&
    isTime(absence) &&
    isTime(beat);
  if (!isSound) return undefined;
  return { what, instance, host, pid: pid as number, serialization, absence, beat };
}

/** Whether it may be one of the times in a sign. */
export function isTime(value: unknown): value is number {
  return typeof value === "number" && value > 0 && value <= MOST_TIME;
}
