import { native } from "../../lib/time/native.ts";

const real = { ...native };

/** Has the bus, too, use what is faked, for a spec that simulates all of the loop. Returns how to stop it. */
export function fakeNative(): () => void {
  Object.assign(native, {
    nextTick: (task: () => void, ...parameters: never[]) => process.nextTick(task, ...parameters),
    setImmediate: (task: () => void) => setImmediate(task),
    clearImmediate: (immediate: NodeJS.Immediate | undefined) => clearImmediate(immediate),
    queueMicrotask: (task: () => void) => queueMicrotask(task),
  });
  return () => void Object.assign(native, real);
}
