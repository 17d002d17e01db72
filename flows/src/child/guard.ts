import { subscribe } from "node:diagnostics_channel";
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
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
    if (fromElsewhere(headers)) return next(new Error("wrong origin"));
    if (login !== undefined) return login(socket, next);
    return isLoopback(hostOf(headers)) ? next() : next(new Error("wrong host"));
  };
}

/**
 * The same for the editor's own WebSocket, of which Node-RED asks no middleware and, without a login, nobody else: any page that a
 * browser shows could read what flows tell their debug nodes.
 */
export function guardUpgrades(): void {
  const guarded = new WeakSet<Server>();
  // Node-RED hands its server to no setting: it is met with the first connection, before a byte of it is read.
  subscribe("net.server.socket", (message) => {
    const { server } = (message as { readonly socket: Socket & { readonly server: Server } }).socket;
    if (guarded.has(server)) return;
    guarded.add(server);
    server.prependListener("upgrade", ({ headers }, socket) => {
      if (isLoopback(hostOf(headers)) && !fromElsewhere(headers)) return;
      socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
      // What listens behind this then has nothing to answer on.
      socket.destroy();
    });
  });
}

/** Whether a page of another host asks. */
function fromElsewhere({ origin, host }: IncomingHttpHeaders): boolean {
  return origin !== undefined && URL.parse(origin)?.host !== host;
}

/** Name of the Host header without its port; empty when there is none. */
function hostOf({ host }: IncomingHttpHeaders): string {
  return URL.parse(`http://${host ?? ""}`)?.hostname ?? "";
}
