// A picture of who did what: a row for each worker, in it each of its thumbnails, from begin to end.
import type { Thumbnail } from "./worker.ts";

const COLUMNS = 60;
const WIDTH = 1000;
const LABEL = 120;
const ROW = 40;

/** By whom they were made, in the order in which these came. */
function byWorker(thumbnails: readonly Thumbnail[]): Map<string, Thumbnail[]> {
  const rows = new Map<string, Thumbnail[]>();
  for (const each of thumbnails.toSorted((one, other) => one.began - other.began)) {
    const row = rows.get(each.by);
    if (row) row.push(each);
    else rows.set(each.by, [each]);
  }
  return rows;
}

/** Where a moment is between the first and the last, from 0 to 1. */
function scaleOf(thumbnails: readonly Thumbnail[]): (moment: number) => number {
  const first = Math.min(...thumbnails.map(({ began }) => began));
  const last = Math.max(...thumbnails.map(({ ended }) => ended));
  return (moment) => (moment - first) / Math.max(1, last - first);
}

/** For the terminal: one thumbnail dark, the next light, a dot where nothing was done. */
export function bars(thumbnails: readonly Thumbnail[]): string {
  const place = scaleOf(thumbnails);
  const lines = [...byWorker(thumbnails)].map(([by, made]) => {
    const columns = Array.from({ length: COLUMNS }, () => "·");
    for (const [index, { began, ended }] of made.entries()) {
      const from = Math.min(Math.floor(place(began) * COLUMNS), COLUMNS - 1);
      const to = Math.max(from + 1, Math.round(place(ended) * COLUMNS));
      columns.fill(index % 2 === 0 ? "█" : "▒", from, Math.min(to, COLUMNS));
    }
    return `  ${by.padEnd(16)} ${columns.join("")} ${made.length}`;
  });
  return lines.join("\n");
}

/** The same for a browser, with the thumbnails themselves. */
export function svg(title: string, thumbnails: readonly Thumbnail[]): string {
  const place = scaleOf(thumbnails);
  const rows = [...byWorker(thumbnails)];
  const drawn = rows.flatMap(([by, made], row) => [
    `<text x="0" y="${row * ROW + ROW * 1.6}">${by}</text>`,
    ...made.map(({ photo, began, ended, image }) => {
      const x = LABEL + place(began) * (WIDTH - LABEL);
      const width = Math.max(1, (place(ended) - place(began)) * (WIDTH - LABEL) - 1);
      const box = `x="${x.toFixed(1)}" y="${(row + 1) * ROW}" width="${width.toFixed(1)}" height="${ROW - 4}"`;
      return `<image ${box} preserveAspectRatio="none" href="data:image/bmp;base64,${image}"><title>photo ${photo}</title></image>`;
    }),
  ]);
  const size = `width="${WIDTH}" height="${(rows.length + 1) * ROW}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="14">
<text x="0" y="20" font-size="18">${title}</text>
${drawn.join("\n")}
</svg>
`;
}
