import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { listenError, MeanetError } from "@meanet/runtime";
import type { Link } from "./connection.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Listener {
  readonly address: Address;
  /** Takes no more connections; those open stay. */
  close(): Promise<void>;
}

/** A new link's receiving end. */
interface LinkEvents {
  data(chunk: Buffer): void;
  /** What the link keeps at present of a frame that is not whole, bytes. */
  part(keptBytes: number): void;
  /** The peer sends no more. */
  end(): void;
  /** Nothing passes any more, in either direction. */
  closed(): void;
}

/** Whether a new connection may stay. */
export type Admit = (socket: Socket) => boolean;

/** Takes over the link that a connection has become. */
export type Accept<Request = undefined> = (link: Link, socket: Socket, request: Request) => LinkEvents;

/** Certificate and key of a secured listener, as file names. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string | undefined;
}

/**
 * MQTT over TCP, or over TLS when a certificate is given.
 *
 * @param setting - where the listener stands in the configuration, `listeners.tcp`
 * @throws {MeanetError} PORT_TAKEN; CONFIG_UNREADABLE, CONFIG_INVALID for certificate files
 */
export async function listenTcp(
  setting: string,
  { host, port }: Address,
  certificate: Certificate | undefined,
  admit: Admit,
  accept: Accept,
): Promise<Listener> {
  const onSocket = (socket: Socket) => {
    if (socket.destroyed) return;
    const events = accept(socketLink(socket), socket, undefined);
    socket.on("data", (chunk: Buffer) => events.data(chunk));
    socket.once("end", () => events.end());
    socket.once("close", () => {
      events.end();
      events.closed();
    });
  };
  const server =
    certificate === undefined
      ? createServer({ noDelay: true }, onSocket)
      : secured(setting, certificate, (options) => createTlsServer({ ...options, noDelay: true }, onSocket));
  return listening(server, setting, { host, port }, admit);
}

/** Binds a server. @throws {MeanetError} PORT_TAKEN */
export async function listening(
  server: Server,
  setting: string,
  wanted: Address,
  admit: Admit,
): Promise<Listener> {
  // Before TLS and HTTP see it: a connection counts from here on.
  server.prependListener("connection", (socket) => {
    if (!admit(socket)) socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    // Stays: a failed accept (no file descriptors left) must not end the process; after listening, rejecting does nothing.
    server.on("error", (cause) => reject(listenError(cause, wanted.host, wanted.port, `${setting}.port`)));
    server.listen({ host: wanted.host, port: wanted.port }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    address: { host: wanted.host, port },
    close: () =>
      new Promise((resolve) => {
        // Its callback would come only when the last connection has ended; those are ended afterwards, in order.
        server.close();
        resolve();
      }),
  };
}

/** Builds a server from certificate files. @throws {MeanetError} CONFIG_UNREADABLE, CONFIG_INVALID */
export function secured<S>(setting: string, files: Certificate, build: (options: TlsOptions) => S): S {
  const read = (key: "cert" | "key" | "ca", file: string) => {
    try {
      return readFileSync(file);
    } catch (cause) {
      const message = `${setting}.${key}: cannot read ${file}; check the path and its rights`;
      throw new MeanetError("CONFIG_UNREADABLE", message, { file }, { cause });
    }
  };
  const options = {
    cert: read("cert", files.cert),
    key: read("key", files.key),
    ...(files.ca === undefined
      ? {}
      : { ca: read("ca", files.ca), requestCert: true, rejectUnauthorized: true }),
  };
  try {
    return build(options);
  } catch (cause) {
    throw new MeanetError(
      "CONFIG_INVALID",
      `${setting}: ${files.cert} and ${files.key} are not a certificate and its key in PEM`,
      { setting },
      { cause },
    );
  }
}

function socketLink(socket: Socket): Link {
  // What hurts the socket shows as its close, and as the error of a write.
  socket.on("error", () => undefined);
  return {
    remote: `${socket.remoteAddress}:${socket.remotePort}`,
    send(chunks, done) {
      socket.cork();
      for (const [index, chunk] of chunks.entries()) {
        if (index === chunks.length - 1) socket.write(chunk, done);
        else socket.write(chunk);
      }
      socket.uncork();
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    end() {
      socket.end();
      // Closing a socket that holds unread bytes resets it, and the peer would lose what was sent last.
      socket.resume();
    },
    destroy: () => socket.destroy(),
  };
}
