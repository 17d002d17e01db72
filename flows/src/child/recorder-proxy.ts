import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { pipeline } from "node:stream";
import type { Middleware } from "./guard.ts";

const TIMEOUT_MS = 30_000;

/**
 * Hands `GET {path}/…` on to the recorder: pages show pictures and figures of a recorder that only this machine reaches, behind the
 * same login and from the same host as the page. Bytes pass as they come; they are no messages of a flow.
 *
 * @param recorderUrl - undefined: every such request is answered with 503
 * @param site - asked for where the request names none: a recorder may record several
 */
export function recorderProxy(path: string, recorderUrl: string | undefined, site: string): Middleware {
  return (incoming, outgoing, next) => {
    const url = incoming.url ?? "/";
    if (!url.startsWith(`${path}/`)) {
      next();
      return;
    }
    const refuse = (status: number, reason: string) => {
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify({ reason }));
    };
    if (incoming.method !== "GET" && incoming.method !== "HEAD") {
      refuse(405, "only GET is handed on to the recorder");
      return;
    }
    if (recorderUrl === undefined) {
      refuse(503, "no recorder is configured: set recorder.url");
      return;
    }
    // Joined as text: the path may hold no other host.
    const target = new URL(recorderUrl.replace(/\/$/, "") + url.slice(path.length));
    if (!target.searchParams.has("site")) target.searchParams.append("site", site);
    const { accept, "if-none-match": known } = incoming.headers;
    const send = target.protocol === "https:" ? requestHttps : requestHttp;
    const asked = send(target, {
      method: incoming.method,
      headers: {
        ...(accept === undefined ? {} : { accept }),
        ...(known === undefined ? {} : { "if-none-match": known }),
      },
      timeout: TIMEOUT_MS,
    });
    asked.on("timeout", () => asked.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    asked.on("error", (error) => refuse(502, `the recorder does not answer: ${error.message}`));
    asked.on("response", (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, kept(answer.headers));
      // A page that was left, or a recorder that died: both ends are closed.
      pipeline(answer, outgoing, () => undefined);
    });
    outgoing.on("close", () => asked.destroy());
    asked.end();
  };
}

/** With what keeps a picture from being taken for a page: here it would be one of the editor's own host. */
const HEADERS = [
  ...["content-type", "content-length", "cache-control", "etag", "last-modified", "meanet-frame"],
  ...["x-content-type-options", "content-security-policy"],
];

function kept(headers: NodeJS.Dict<string | string[]>): Record<string, string | string[]> {
  return Object.fromEntries(
    HEADERS.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
  );
}
