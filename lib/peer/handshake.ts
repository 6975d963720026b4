import type { Link } from "../links/link.ts";
import type { Outbox } from "../outbox/outbox.ts";
import { startTimer } from "../time/context.ts";
import { helloItem, readyItem } from "../wire/items.ts";
import { Note } from "../wire/note.ts";
import { PROTOCOL } from "../wire/protocol.ts";

/** A hello that may have got lost is repeated after this many ms, then after twice as many, and so on. */
const FIRST_REPEAT = 25;
/** So often, within some 25 s. Later a hello is only repeated when there is something to say. */
const MOST_HELLOS = 10;
/** Then not more often than this, in ms. */
const LATER_REPEAT = 1000;

/**
 * The hello: protocol version, features, and the namespaces that listen. Repeated until it is answered on links
 * that drop what comes before the other side listens.
 *
 * It takes three: one that asks, one that answers, and one that says the answer was heard. Only who
 * knows to have been heard sends messages: the other side may have gone before it heard.
 */
export class Handshake {
  readonly #link: Link;
  readonly #outbox: Outbox;
  readonly #readyNamespaces: () => string[];
  /** The other side's hello has come. */
  isHeard = false;
  /** The other side has heard ours, and said so. */
  isKnown = false;
  /** Ours has said that theirs has come. */
  #hasAnswered = false;
  #hellos = 0;
  #latest: Note | undefined;
  #lastHello = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(link: Link, outbox: Outbox, readyNamespaces: () => string[]) {
    this.#link = link;
    this.#outbox = outbox;
    this.#readyNamespaces = readyNamespaces;
  }

  /** Whether the other side may have heard of this one. */
  get wasSaid(): boolean {
    return this.#hellos > 0;
  }

  /** The other side's hello has come, with or without a question. Answers, if it does not know that. */
  hear(asks: boolean): void {
    this.isHeard = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!asks) this.isKnown = true;
    // One answer on its way is enough, however often it is asked.
    const isAnswering = this.#hasAnswered && this.#latest?.isWritten === false;
    if (!this.#hasAnswered || (asks && !isAnswering)) this.say();
  }

  /** Says hello, unless that was done; or again, if it was in vain and long ago. */
  begin(): void {
    if (this.isHeard) return;
    const isInVain = this.#link.forgetsEarlyFrames && !this.#timer;
    if (this.#hellos === 0) this.say();
    else if (isInVain && performance.now() - this.#lastHello > LATER_REPEAT) this.say();
  }

  /** Tells that a namespace listens. If the hello before it got lost, the next one tells. */
  announce(namespace: string): void {
    if (this.#hellos > 0) this.#outbox.push(new Note(readyItem(namespace)));
  }

  /** Says hello, and asks for one if there has been none. */
  say(): void {
    this.#hellos++;
    this.#lastHello = performance.now();
    this.#timer = undefined;
    this.#hasAnswered = this.isHeard;
    const namespaces = this.#readyNamespaces();
    const hello = new Note(helloItem({ ...PROTOCOL, namespaces, asks: !this.isHeard }));
    this.#latest = hello;
    this.#outbox.push(hello);
    if (this.isHeard || !this.#link.forgetsEarlyFrames || this.#hellos >= MOST_HELLOS) return;
    const wait = FIRST_REPEAT * 2 ** (this.#hellos - 1);
    this.#timer = startTimer(() => this.say(), wait).unref();
  }

  /** No hello will come any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
