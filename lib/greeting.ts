import { Control } from "./control.ts";
import type { Link } from "./links/link.ts";
import type { Outbox } from "./outbox.ts";
import { Item, PROTOCOL } from "./wire.ts";

/** A hello that may have got lost is repeated after this many ms, then after twice as many, and so on. */
const FIRST_REPEAT = 25;
/** So often, within some 25 s. Later a hello is only repeated when there is something to say. */
const MOST_HELLOS = 10;
/** Then not more often than this, in ms. */
const LATER_REPEAT = 1000;

/**
 * The hello: protocol version, features, and the namespaces that listen. Repeated until it is answered on links
 * that drop what comes before the other side listens.
 */
export class Greeting {
  readonly #link: Link;
  readonly #outbox: Outbox;
  readonly #readyNamespaces: () => string[];
  /** The other side's hello has come. */
  isHeard = false;
  #hellos = 0;
  #lastHello = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(link: Link, outbox: Outbox, readyNamespaces: () => string[]) {
    this.#link = link;
    this.#outbox = outbox;
    this.#readyNamespaces = readyNamespaces;
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
    if (this.#hellos > 0) this.#outbox.push(new Control(Item.READY, namespace));
  }

  /** Says hello, and asks for one if there has been none. */
  say(): void {
    this.#hellos++;
    this.#lastHello = performance.now();
    this.#timer = undefined;
    const { major, minor } = PROTOCOL;
    const wantsAnswer = this.isHeard ? 0 : 1;
    const namespaces = this.#readyNamespaces();
    // Features come later; of the serializations only `advanced` carries a NaN.
    const features: string[] = [];
    this.#outbox.push(
      new Control(Item.HELLO, major, minor, features, namespaces, wantsAnswer, Number.NaN),
    );
    if (this.isHeard || !this.#link.forgetsEarlyFrames || this.#hellos >= MOST_HELLOS) return;
    const wait = FIRST_REPEAT * 2 ** (this.#hellos - 1);
    this.#timer = setTimeout(() => this.say(), wait).unref();
  }

  /** The other side's hello has come, or never will. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
