/**
 * Node's own, as they were when the package was loaded: a test that fakes them means its own time. What waits in a faked one is
 * never done if that is given back without having run, and who waits for it would stand still for good. The time of
 * messages goes by the timers there are.
 */
export const native: {
  nextTick: (task: (...parameters: never[]) => unknown, ...parameters: unknown[]) => void;
  setImmediate: (task: () => void) => NodeJS.Immediate;
  clearImmediate: (immediate: NodeJS.Immediate | undefined) => void;
  queueMicrotask: (task: () => void) => void;
} = { nextTick: process.nextTick, setImmediate, clearImmediate, queueMicrotask };
