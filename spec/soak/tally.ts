/** Counts what was checked, and tells what was wrong. */
export class Tally {
  passed = 0;
  failed = 0;

  /** One check; `text` says what is wrong, or is empty. */
  count(text: string): void {
    if (text === "") {
      this.passed++;
    } else {
      this.failed++;
      console.log(text);
    }
  }
}
