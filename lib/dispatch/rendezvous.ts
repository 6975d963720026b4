/** Something that keys are given to. */
interface Node {
  readonly id: string;
}

/**
 * Whose a key is: the one of highest weight for it. When one comes or goes, only the keys that it gains or had move.
 * Rendezvous hashing (Thaler and Ravishankar, 1996).
 */
export function ownerOf<Owner>(
  key: string,
  owners: readonly Owner[],
  nodeOf: (owner: Owner) => Node,
): Owner | undefined {
  const keyHash = hash(key);
  let best: Owner | undefined;
  let highest = -1;
  let bestId = "";
  for (const owner of owners) {
    const { id } = nodeOf(owner);
    const weight = mix(keyHash ^ mix(hash(id)));
    if (weight < highest || (weight === highest && id > bestId)) continue;
    [best, highest, bestId] = [owner, weight, id];
  }
  return best;
}

/** FNV-1a, of 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value;
}

/** Spreads 32 bits so that each of them changes all others: the finalizer of MurmurHash3. */
function mix(bits: number): number {
  let value = bits;
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
