import { isIPv6 } from "node:net";
import type { Limits } from "./config.ts";

/** Counts connections, those included that have not got through TLS or the WebSocket upgrade yet: they cost a socket each. */
export class Door {
  readonly #limits: Pick<Limits, "maxClients" | "maxClientsPerAddress">;
  readonly #byOrigin = new Map<string, number>();
  #inside = 0;

  constructor(limits: Pick<Limits, "maxClients" | "maxClientsPerAddress">) {
    this.#limits = limits;
  }

  /** Lets a connection in, to {@link leave} once; or the reason why not. */
  enter(address: string): "too-many-clients" | "too-many-of-address" | undefined {
    const { maxClients, maxClientsPerAddress } = this.#limits;
    if (this.#inside >= maxClients) return "too-many-clients";
    const origin = originOf(address);
    if (origin !== undefined && maxClientsPerAddress > 0) {
      const before = this.#byOrigin.get(origin) ?? 0;
      if (before >= maxClientsPerAddress) return "too-many-of-address";
      this.#byOrigin.set(origin, before + 1);
    }
    this.#inside += 1;
    return undefined;
  }

  leave(address: string): void {
    this.#inside -= 1;
    const origin = originOf(address);
    const before = origin === undefined ? undefined : this.#byOrigin.get(origin);
    if (origin === undefined || before === undefined) return;
    if (before > 1) this.#byOrigin.set(origin, before - 1);
    else this.#byOrigin.delete(origin);
  }
}

/**
 * Whom an address belongs to, undefined for this machine. A host with IPv6 has a /64 network to choose from.
 *
 * This machine is let be: what runs on it can do worse than connect, and a proxy on it speaks for many.
 */
export function originOf(address: string): string | undefined {
  const bare = address.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
  if (bare === "::1" || bare.startsWith("127.")) return undefined;
  if (!isIPv6(bare)) return bare;
  const [before = "", after] = bare.split("::");
  const head = before === "" ? [] : before.split(":");
  const tail = after === undefined || after === "" ? [] : after.split(":");
  const zeros = after === undefined ? 0 : 8 - head.length - tail.length;
  const groups = [...head, ...Array<string>(Math.max(0, zeros)).fill("0"), ...tail];
  return `${groups.slice(0, 4).join(":")}::/64`;
}
