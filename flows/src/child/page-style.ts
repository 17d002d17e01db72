import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Middleware } from "./guard.ts";

const FILE = join(import.meta.dirname, "../../flows/pages.css");

/** Answers `GET {path}` with the style of the pages that the delivered flows serve: the one place of it for all their tabs. */
export function pageStyle(path: string): Middleware {
  const style = readFileSync(FILE);
  return ({ url, method }, response, next) => {
    if (url !== path || (method !== "GET" && method !== "HEAD")) {
      next();
      return;
    }
    // Asked for anew each time, so that a new version is seen at once.
    response
      .writeHead(200, { "Content-Type": "text/css; charset=utf-8", "Cache-Control": "no-cache" })
      .end(style);
  };
}
