/** A name for a bus that no other has, whatever process or machine it is in. */
export function newIdentity(): string {
  return process.getBuiltinModule("node:crypto").randomUUID();
}
