import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { isLoopback } from "../loopback.ts";

/** A middleware of Express, in the parts that are used. */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void | Promise<void>;

/** A middleware of Socket.IO, in the parts that are used. */
export type SocketMiddleware = (
  socket: { readonly handshake: { readonly headers: IncomingHttpHeaders } },
  next: (error?: Error) => void,
) => void | Promise<void>;

/** Pages may run their own scripts, and load and call nothing but this server. `blob:` and `eval` are what Monaco and Vue need. */
const POLICY = [
  "default-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:",
  "connect-src 'self' ws: wss:",
  "frame-ancestors 'self'",
].join("; ");

/**
 * In front of every request: the promise that no page fetches from outside, and, without a login, that only this machine's own
 * names are answered. A page elsewhere could otherwise have its own name point to 127.0.0.1 and write flows, which run programs.
 */
export function guardRequests({ loopbackOnly }: { readonly loopbackOnly: boolean }): Middleware {
  return (request, response, next) => {
    response.setHeader("Content-Security-Policy", POLICY);
    response.setHeader("Referrer-Policy", "same-origin");
    if (loopbackOnly && !isLoopback(hostOf(request.headers))) {
      response.writeHead(403, { "Content-Type": "text/plain" });
      response.end("without a login this server answers to names of this machine only, such as 127.0.0.1\n");
      return;
    }
    next();
  };
}

/**
 * The same for the dashboard's sockets, which pass by `guardRequests`. Replaces the dashboard's own check, which a middleware of ours
 * switches off: pages of other hosts get no socket.
 *
 * @param login - undefined: there is none
 */
export function guardSockets(login: SocketMiddleware | undefined): SocketMiddleware {
  return (socket, next) => {
    const { headers } = socket.handshake;
    const { origin, host } = headers;
    if (origin !== undefined && URL.parse(origin)?.host !== host) return next(new Error("wrong origin"));
    if (login !== undefined) return login(socket, next);
    return isLoopback(hostOf(headers)) ? next() : next(new Error("wrong host"));
  };
}

/** Name of the Host header without its port; empty when there is none. */
function hostOf({ host }: IncomingHttpHeaders): string {
  return URL.parse(`http://${host ?? ""}`)?.hostname ?? "";
}
