// What Node itself trips over in processes that come and go.

/**
 * A handle that Node reads right before a disconnect is done is acknowledged on a channel that is closed by then
 * (`target._send` asserts "connected || channel"): the handle is given to nobody, and stays open.
 */
export function isLostHandle(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ERR_INTERNAL_ASSERTION";
}

/** A lost handle; or a cluster worker that disconnects while it is disconnected. */
export function isOfNode(error: unknown): boolean {
  if (isLostHandle(error)) return true;
  const { code, stack = "" } = error as NodeJS.ErrnoException;
  return code === "ERR_IPC_DISCONNECTED" && stack.includes("internal/cluster/child");
}
