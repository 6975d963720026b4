import { Item, PROTOCOL, Seat } from "../../lib/wire/protocol.ts";

/** What a forged hello says; the rest is as a bus at the other end of a memory link would say it. */
export interface ForgedHello {
  readonly major?: number;
  readonly minor?: number;
  readonly from?: string;
  readonly seat?: number;
  /** The identity of whom it answers; by default it answers nobody. */
  readonly to?: string;
  readonly features?: readonly string[];
  readonly namespaces?: readonly string[];
  readonly asks?: boolean;
}

/** The item of a hello that no bus of a spec has said. */
export function helloOf(hello: ForgedHello = {}): unknown[] {
  const { major = PROTOCOL.major, minor = PROTOCOL.minor, from = "another bus" } = hello;
  const { seat = Seat.EQUAL, to = 0, features = [], namespaces = [], asks = false } = hello;
  return [Item.HELLO, major, minor, from, seat, to, features, namespaces, asks ? 1 : 0];
}

/** A frame on a json channel: its tag, its number, its items. */
export interface SentFrame {
  readonly clusterphone2: [tag: number, number: number, ...items: unknown[][]];
}

/** The tag of all frames that were sent on a link. */
export function tagOf({ sent }: { readonly sent: readonly object[] }): number {
  const [first] = sent as readonly SentFrame[];
  if (!first) throw new Error("no frame was sent");
  return first.clusterphone2[0];
}

/** The items of all frames that were sent. */
export function itemsOf(sent: readonly object[]): unknown[][] {
  return (sent as readonly SentFrame[]).flatMap(({ clusterphone2: [, , ...items] }) => items);
}
