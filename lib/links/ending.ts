/** Whom to call when the process or thread ends: one listener for all, and none while there is nobody. */
const callbacks = new Set<() => void>();

/** Calls back when the process or thread is about to end. Returns how to stop. */
export function beforeEnd(callback: () => void): () => void {
  if (callbacks.size === 0) process.on("exit", onExit);
  callbacks.add(callback);
  return () => {
    if (callbacks.delete(callback) && callbacks.size === 0) process.off("exit", onExit);
  };
}

function onExit(): void {
  for (const callback of callbacks) callback();
}
