// What the checks beside the suite (`npm run check:...`) have in common: they go on after a failure, and end with
// "N passed, N failed", which `.ci/run` counts.

let passed = 0;
let failed = 0;

/** Runs one check, and says how it went. */
export async function check(title: string, task: () => unknown): Promise<void> {
  try {
    await task();
    passed++;
    console.log(`ok      ${title}`);
  } catch (error) {
    fail(title, error);
  }
}

/** Counts what went wrong, also beside the checks. */
export function fail(title: string, error: unknown): void {
  failed++;
  console.log(`not ok  ${title}\n${error instanceof Error ? error.message : String(error)}`);
}

/** The last line, and the exit code. */
export function conclude(): void {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
