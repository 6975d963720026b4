/** What counts as soon, as late and as lost, where the facts come from. */
export interface Bounds {
  /** ms in which what must happen soon must have happened. */
  readonly soon: number;
  /** ms after which an ack of a settled listener is missed, if neither side stood still. */
  readonly ack: number;
  /** ms by which an ack may time out too early, as clocks are read at different moments. */
  readonly early: number;
  /** ms that everybody gives its `close()`. */
  readonly close: number;
}
