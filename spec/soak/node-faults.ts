// What Node itself trips over in processes that come and go.

/**
 * A handle that Node reads right before a disconnect is done is acknowledged on a channel that is closed by then
 * (`target._send` asserts "connected || channel"): the handle is given to nobody, and stays open.
 */
export function isLostHandle(error: unknown): boolean {
  const { code, stack = "" } = asFault(error);
  return code === "ERR_INTERNAL_ASSERTION" && stack.includes("target._send");
}

/** An assertion of Node's; or a cluster worker that disconnects while it is disconnected. */
export function isOfNode(error: unknown): boolean {
  const { code, stack = "" } = asFault(error);
  if (code === "ERR_INTERNAL_ASSERTION") return true;
  return code === "ERR_IPC_DISCONNECTED" && stack.includes("internal/cluster/child");
}

function asFault(error: unknown): NodeJS.ErrnoException {
  return error instanceof Error ? error : new Error(String(error));
}
