import { createServer, type IncomingMessage } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { isIP } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { Link } from "./connection.ts";
import {
  type Accept,
  type Address,
  type Admit,
  type Certificate,
  type Listener,
  listening,
  secured,
} from "./listen-tcp.ts";

/** Subprotocols of MQTT 3.1.1 and 3.1. */
const PROTOCOLS = ["mqtt", "mqttv3.1"];
/** A frame may hold several packets: clients batch small ones. */
const FRAME_SLACK_BYTES = 64 * 1024;
/** Pieces of an unfinished message: fragments, and reads from the socket. Each takes some memory beside its bytes. */
const MAX_FRAGMENTS = 1024;
const MAX_READS = 8192;
const READ_OVERHEAD_BYTES = 256;

export interface WebSocketLimits {
  readonly maxPacketBytes: number;
  /** Web pages that may connect; `*` for all. */
  readonly origins: readonly string[];
}

/**
 * MQTT over WebSocket (§6), on any path; over TLS when a certificate is given.
 *
 * @throws {MeanetError} PORT_TAKEN; CONFIG_UNREADABLE, CONFIG_INVALID for certificate files
 */
export async function listenWebSocket(
  setting: string,
  address: Address,
  certificate: Certificate | undefined,
  limits: WebSocketLimits,
  admit: Admit,
  accept: Accept<IncomingMessage>,
): Promise<Listener> {
  const server =
    certificate === undefined ? createServer() : secured(setting, certificate, (tls) => createTlsServer(tls));
  server.on("request", (_request, response) => {
    response.writeHead(426, { "content-type": "text/plain", connection: "close" });
    response.end("This port speaks MQTT over WebSocket.\n");
  });
  const sockets = new WebSocketServer({
    server,
    maxFragments: MAX_FRAGMENTS,
    maxBufferedChunks: MAX_READS,
    maxPayload: limits.maxPacketBytes + FRAME_SLACK_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => PROTOCOLS.find((protocol) => offered.has(protocol)) ?? false,
    verifyClient: ({ origin }: { origin: string | undefined }) => originAllowed(origin, limits.origins),
  });
  sockets.on("error", () => undefined);
  sockets.on("connection", (socket, request) => {
    const events = accept(webSocketLink(socket, request), request.socket, request);
    let partBytes = 0;
    // Before the frames in these bytes are looked at.
    request.socket.prependListener("data", (bytes: Buffer) => {
      partBytes += bytes.length + READ_OVERHEAD_BYTES;
      events.part(partBytes);
    });
    socket.on("message", (data, isBinary) => {
      partBytes = 0;
      events.part(0);
      // [MQTT-6.0.0-1]: MQTT travels in binary frames only.
      if (isBinary) events.data(data as Buffer);
      else socket.terminate();
    });
    socket.once("close", () => {
      events.end();
      events.closed();
    });
  });
  const listener = await listening(server, setting, address, admit);
  return {
    address: listener.address,
    async close() {
      await listener.close();
      // Those that never upgraded; upgraded ones are no longer the HTTP server's.
      server.closeAllConnections();
    },
  };
}

/**
 * Any web page a user looks at can open a WebSocket to the user's own machine: only pages of this machine and those
 * configured may. Programs send no origin.
 */
export function originAllowed(origin: string | undefined, allowed: readonly string[]): boolean {
  if (origin === undefined || allowed.includes("*") || allowed.includes(origin)) return true;
  if (!URL.canParse(origin)) return false;
  const { hostname } = new URL(origin);
  return (
    hostname === "localhost" || hostname === "[::1]" || (isIP(hostname) === 4 && hostname.startsWith("127."))
  );
}

function webSocketLink(socket: WebSocket, request: IncomingMessage): Link {
  // A frame over the limit, say: it shows as the close.
  socket.on("error", () => undefined);
  return {
    remote: `${request.socket.remoteAddress}:${request.socket.remotePort}`,
    send: (chunks, done) => socket.send(Buffer.concat(chunks), { binary: true }, done),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    end() {
      socket.close();
      socket.resume();
    },
    destroy: () => socket.terminate(),
  };
}
