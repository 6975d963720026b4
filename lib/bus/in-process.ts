/** One of a kind in this process: what the first copy of this major of the package has made serves all. */
export function inProcess<Kind extends object>(name: string, make: () => Kind): Kind {
  const key = Symbol.for(`clusterphone@2/${name}`);
  const place = globalThis as { [key: symbol]: unknown };
  if (!place[key]) Object.defineProperty(place, key, { value: make(), configurable: true });
  return place[key] as Kind;
}
