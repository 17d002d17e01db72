import { MeanetError } from "@meanet/runtime";
import { z } from "zod";
import type { Server } from "./errors.ts";

/** Web pages that may read the recorder's answers besides those of this machine. */
export const allowOriginsSchema = z
  .array(
    z
      .string()
      .regex(
        /^https?:\/\/[^/@?#\s]+$/,
        "expected an origin, scheme and host, such as https://wall.example.org",
      ),
  )
  .default([])
  .describe(
    "origins whose web pages may read the answers, such as https://wall.example.org; those of this machine (localhost, 127.0.0.1) may in any case",
  );

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Who may ask from a browser. */
export class Origins {
  readonly #allowed: ReadonlySet<string>;
  /** Undefined: it listens beyond this machine, under names that it does not know. */
  readonly #hosts: ReadonlySet<string> | undefined;

  /** @param host - address that the listener is bound to */
  constructor(allowOrigins: readonly string[], host: string) {
    const urls = allowOrigins.map((origin) => new URL(origin));
    this.#allowed = new Set(urls.map(({ origin }) => origin));
    const bound = host.includes(":") ? `[${host}]` : host;
    this.#hosts = LOOPBACK.has(bound)
      ? new Set([...LOOPBACK, ...urls.map(({ hostname }) => hostname)])
      : undefined;
  }

  /** The origin when its pages may read answers. @param url - `Origin` or `Referer` of a request */
  allowed(url: string | undefined): string | undefined {
    const parsed = parse(url);
    if (parsed === undefined) return undefined;
    const { protocol, hostname, origin } = parsed;
    if (protocol !== "http:" && protocol !== "https:") return undefined;
    return LOOPBACK.has(hostname) || this.#allowed.has(origin) ? origin : undefined;
  }

  /**
   * Whether the `Host` of a request is a name of this listener. A page whose own name was made to point here (DNS rebinding) asks under
   * that name, as its own origin.
   */
  isOwnHost(host: string | undefined): boolean {
    if (this.#hosts === undefined) return true;
    const hostname = parse(`http://${host}`)?.hostname;
    return hostname !== undefined && this.#hosts.has(hostname);
  }
}

/**
 * Refuses requests to another host name than this listener's, HOST_REFUSED, and lets pages of this machine and of configured origins
 * read answers; the browser withholds them from all other pages.
 */
export function guardOrigins(server: Server, origins: Origins): void {
  server.addHook("onRequest", async ({ headers }, reply) => {
    if (!origins.isOwnHost(headers.host)) {
      throw new MeanetError(
        "HOST_REFUSED",
        `this recorder is not called ${JSON.stringify(headers.host)?.slice(0, 100)}: ask it at 127.0.0.1 or localhost, or name the origin in http.allowOrigins`,
      );
    }
    reply.header("vary", "Origin");
    const origin = origins.allowed(headers.origin);
    if (origin === undefined) return;
    reply.header("access-control-allow-origin", origin);
    reply.header("access-control-expose-headers", "etag, meanet-frame");
  });
}

function parse(url: string | undefined): URL | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url) : undefined;
}
