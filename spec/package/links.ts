import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const CODE = /^```[\s\S]*?^```$|`[^`\n]*`/gm;
const HEADING = /^#+ +(.+)$/gm;
const LINK = /\]\(([^)\s]+)[^)]*\)|\b(?:src|href)="([^"]+)"/g;
/** A link with a scheme leads away from the package. */
const AWAY = /^[a-z][a-z+.-]*:/i;

/** The links and pictures of some pages that lead to nothing within the folder, as `page -> target`. */
export function deadLinks(folder: string, pages: readonly string[]): string[] {
  return pages.flatMap((page) =>
    linksOf(textOf(folder, page))
      .filter((target) => !AWAY.test(target) && !isThere(folder, page, target))
      .map((target) => `${page} -> ${target}`),
  );
}

function linksOf(text: string): string[] {
  return [...text.replace(CODE, "").matchAll(LINK)].map(([, inText, inTag]) =>
    decodeURI(inText ?? inTag ?? ""),
  );
}

function isThere(folder: string, page: string, target: string): boolean {
  const [path = "", place] = target.split("#");
  const file = path === "" ? page : join(dirname(page), path);
  const isOutside = relative(folder, join(folder, file)).startsWith("..");
  if (isOutside || !existsSync(join(folder, file))) return false;
  return place === undefined || !file.endsWith(".md") || placesOf(textOf(folder, file)).has(place);
}

/** What a link may name in a page: its headings, in the form that GitHub and npm give them. */
function placesOf(text: string): Set<string> {
  const places = new Set<string>();
  for (const [, heading = ""] of text.replace(/^```[\s\S]*?^```$/gm, "").matchAll(HEADING)) {
    const name = heading
      .toLowerCase()
      .replace(/[^\p{Letter}\p{Number} _-]/gu, "")
      .replaceAll(" ", "-");
    let place = name;
    for (let again = 1; places.has(place); again++) place = `${name}-${again}`;
    places.add(place);
  }
  return places;
}

function textOf(folder: string, page: string): string {
  return readFileSync(join(folder, page), "utf8");
}
