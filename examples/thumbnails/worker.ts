// A thread or process that makes thumbnails, one at a time.
import { threadId } from "node:worker_threads";
import { bus } from "clusterphone";
import { bitmap, shrink, take } from "./photo.ts";

/** What it listens to. */
export interface WorkerEvents {
  thumbnail(photo: number): Thumbnail;
}

/** What was made, by whom, and when. */
export interface Thumbnail {
  readonly photo: number;
  readonly by: string;
  readonly began: number;
  readonly ended: number;
  /** A bitmap, in base64. */
  readonly image: string;
}

const by = threadId === 0 ? `process ${process.pid}` : `thread ${threadId}`;

bus.ns<WorkerEvents>("thumbnails").on("thumbnail", (photo) => {
  const began = Date.now();
  const image = bitmap(shrink(take(photo)));
  return { photo, by, began, ended: Date.now(), image };
});
