/**
 * Writes to stderr, where `NODE_DEBUG=clusterphone` asks for it. Only who debugs something waits until `node:util`, and
 * what belongs to it, is loaded.
 */
export function nodeDebug(): ((text: string) => void) | undefined {
  if (!process.env["NODE_DEBUG"]) return undefined;
  const write = process.getBuiltinModule("node:util").debuglog("clusterphone");
  return write.enabled ? write : undefined;
}
