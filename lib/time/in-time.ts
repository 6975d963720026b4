import { startTimer } from "./context.ts";
import { native } from "./native.ts";

/** Waits for a promise, but no longer than so many ms. Rejects if it rejects meanwhile. */
export async function inTime(promise: Promise<unknown>, within: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    // A turn more: if this process was blocked, what has arrived meanwhile has still to be read.
    timer = startTimer(() => native.setImmediate(resolve), within);
  });
  try {
    await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
