import type { Route } from "../peer/route.ts";

/** One of those routes. One to a closed namespace is given up for a new one. */
export function currentOf(routes: Route[], index: number): Route | undefined {
  const route = routes[index]?.current();
  if (route && route !== routes[index]) routes[index] = route;
  return route;
}
