import { z } from "zod";

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
  /** Undefined: it listens beyond this machine, under names of its own. */
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
   * Whether `Host` of a request is a name of this listener. A page whose own name was made to point here (DNS rebinding) asks under that
   * name, and as its own origin.
   */
  isOwnHost(host: string | undefined): boolean {
    if (this.#hosts === undefined) return true;
    const hostname = parse(`http://${host}`)?.hostname;
    return hostname !== undefined && this.#hosts.has(hostname);
  }
}

function parse(url: string | undefined): URL | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url) : undefined;
}
