import { native } from "../time/native.ts";
import { FRAME_KEY } from "../wire/protocol.ts";

/** More than so many frames are never on their way. */
const WINDOW = 32;
const TELL_EVERY = 8;

/**
 * A port takes whatever is posted, however far behind the other side is. So the sides tell each other how many
 * frames they have taken, and who has a window of them on the way waits.
 */
export class Window {
  readonly #post: (message: object) => void;
  readonly #onChange: () => void;
  /** Frames posted that the other side has not said it has taken. */
  #untaken = 0;
  /** What waits for the window to open. */
  #waiting: (() => void)[] = [];
  #taken = 0;

  /** `onChange` is told when something begins to wait, and when nothing does any more. */
  constructor(post: (message: object) => void, onChange: () => void) {
    this.#post = post;
    this.#onChange = onChange;
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Posts a frame. Returns false if the window is full now; `done` is called when it is not. */
  send(frame: object, done: () => void): boolean {
    this.#post(frame);
    this.#untaken++;
    const isOpen = this.#untaken < WINDOW;
    if (isOpen) native.nextTick(done);
    else if (this.#waiting.push(done) === 1) this.#onChange();
    return isOpen;
  }

  /** A frame of the other side was taken here: tells it now and then. */
  took(): void {
    this.#taken++;
    if (this.#taken % TELL_EVERY === 0) this.#post({ [FRAME_KEY]: TELL_EVERY });
  }

  /** Somebody else is at the other side: what the one before has not taken, nobody will say that he has. */
  renew(): void {
    this.open(Math.max(this.#untaken, 1));
  }

  /** The other side has taken so many more. */
  open(taken: number): void {
    if (!(taken > 0)) return;
    this.#untaken = Math.max(0, this.#untaken - taken);
    if (this.#untaken >= WINDOW || !this.isWaiting) return;
    for (const done of this.#waiting.splice(0)) done();
    if (!this.isWaiting) this.#onChange();
  }
}
