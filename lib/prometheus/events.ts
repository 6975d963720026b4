import type { Bus } from "../bus/bus.ts";
import type { SentSheet } from "./sheet.ts";

/** The namespace in which processes tell each other their metrics. */
export const NAMESPACE = "clusterphone/prometheus";

/** What travels in it. */
export interface Events {
  /** Asks a process for its sheet, and those of all below it. */
  collect(question: Question): Promise<SentSheet[]>;
  /** The same told unasked, by one that is about to end. */
  farewell(sheets: SentSheet[]): void;
  /** Asks a parent for what all processes have together. */
  text(question: TextQuestion): Promise<string>;
}

interface Question {
  /** The shapes that need not be sent. */
  readonly known: readonly string[];
  /** How long the answer may take, in ms. */
  readonly within: number;
}

interface TextQuestion {
  readonly contentType: string;
  readonly within: number;
}

/** The bus in that namespace. */
export type Channel = Bus<Events, Events>;

/** How long others may take, for one who has so long itself, in ms: the rest is for the way. */
export function shareOf(within: number): number {
  return within * 0.75;
}
