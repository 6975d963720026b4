import type { Hold } from "../links/hold.ts";
import type { OutboundEvent } from "../message/outbound-event.ts";
import type { Handle } from "../wire/handle.ts";
import { handleCheckItem } from "../wire/items.ts";
import { Note } from "../wire/note.ts";
import type { Parcel } from "../wire/parcel.ts";

/** The handle that travels in a frame, with what is alone in it. */
export function handleOf(parcel: Parcel | undefined): Handle | undefined {
  return parcel === undefined || parcel.isFrame ? undefined : parcel.transfer;
}

/** The one handle on its way: everything behind it waits until the other side has said whether it came. */
export class Transfer {
  readonly #hold: Hold;
  #event: OutboundEvent | undefined;

  constructor(hold: Hold) {
    this.#hold = hold;
  }

  get isUnderWay(): boolean {
    return this.#event !== undefined;
  }

  /** The message that it travels with. */
  get event(): OutboundEvent | undefined {
    return this.#event;
  }

  /** Whether it travels with that parcel. */
  isWith(parcel: Parcel | undefined): boolean {
    return this.#event !== undefined && this.#event === parcel;
  }

  /**
   * A handle was given to the channel. Returns the question whether it came, to be sent right behind it; `onGone` is
   * called when that is not in this process any more.
   */
  begin(event: OutboundEvent, onGone: (() => void) | undefined): Note {
    this.#event = event;
    this.#hold.set("handle", true);
    return new Note(handleCheckItem(event.id), onGone);
  }

  /** It is known whether it has arrived: what is behind it may go. */
  end(arrived: boolean): void {
    this.#hold.set("handle", false);
    this.settle(arrived);
  }

  /** The same, where the channel is let go as well. */
  settle(arrived: boolean): void {
    const event = this.#event;
    this.#event = undefined;
    event?.transferred(arrived);
  }
}
