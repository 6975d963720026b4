/** Throws a `TypeError` for what belongs to the stretch of its `emit`, if that is over. */
export function assertFresh(isFresh: boolean, what: string): void {
  if (isFresh) return;
  throw new TypeError(
    `${what} must be called in the same synchronous stretch as emit(), before any await, callback or flush()`,
  );
}
