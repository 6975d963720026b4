/** So many are found faster in a list. */
const FEW = 12;

/** Which copy stands for which object. */
export class Copies {
  /** The first and its copy: of most payloads there are one or two. */
  #first: object | undefined;
  #firstCopy: object | undefined;
  /** All, each with its copy behind it, once there are two. A copy is nothing that a payload refers to, so it is never found. */
  #pairs: object[] | undefined;
  /** The same, once there are many. */
  #map: Map<object, object> | undefined;

  get(object: object): object | undefined {
    if (object === this.#first) return this.#firstCopy;
    if (this.#map) return this.#map.get(object);
    const place = this.#pairs?.indexOf(object) ?? -1;
    return place < 0 ? undefined : this.#pairs?.[place + 1];
  }

  set(object: object, copy: object): void {
    if (this.#map) {
      this.#map.set(object, copy);
    } else if (this.#pairs) {
      if (this.#pairs.push(object, copy) <= 2 * FEW) return;
      this.#map = mapOf(this.#pairs);
      this.#pairs = undefined;
    } else if (this.#first && this.#firstCopy) {
      this.#pairs = [this.#first, this.#firstCopy, object, copy];
    } else {
      this.#first = object;
      this.#firstCopy = copy;
    }
  }

  delete(object: object): void {
    if (object === this.#first) this.#first = this.#firstCopy = undefined;
    this.#map?.delete(object);
    const place = this.#pairs?.indexOf(object) ?? -1;
    if (place >= 0) this.#pairs?.splice(place, 2);
  }
}

function mapOf(pairs: readonly object[]): Map<object, object> {
  const map = new Map<object, object>();
  for (let place = 0; place < pairs.length; place += 2) {
    map.set(pairs[place] as object, pairs[place + 1] as object);
  }
  return map;
}
