import type { Sheet } from "./sheet.ts";

/** How a source is asked: how long it may take, in ms, and what was last known of it. */
type Ask = (within: number, last: readonly Sheet[]) => Promise<readonly Sheet[]>;

/**
 * Where sheets come from: this process, or a peer with all that is below it. While it has not answered it is not asked
 * again, so that nothing piles up before one that is stopped; and an answer that is late is still the last that is known.
 */
export class Source {
  readonly #ask: Ask;
  #asked: Promise<void> | undefined;
  #sheets: readonly Sheet[] = [];

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** It was asked, and has not answered yet. */
  get isAsked(): boolean {
    return this.#asked !== undefined;
  }

  /** What was last known of it. */
  get last(): readonly Sheet[] {
    return this.#sheets;
  }

  /** It has said by itself how it stands. */
  tell(sheets: readonly Sheet[]): void {
    this.#sheets = sheets;
  }

  /** Resolves when it has answered; rejects with why it did not. */
  ask(within: number): Promise<void> {
    this.#asked ??= this.#ask(within, this.#sheets)
      .then((sheets) => this.tell(sheets))
      .finally(() => {
        this.#asked = undefined;
      });
    return this.#asked;
  }
}
