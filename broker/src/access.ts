import { createHmac, randomBytes } from "node:crypto";
import { NOBODY, verifyPassword } from "@meanet/runtime";
import type { Client } from "aedes";
import type { Authentication } from "./config.ts";
import { covers, matches, parseSharedFilter } from "./topic-filter.ts";

/** Outcome of a CONNECT, as the return code of its CONNACK (§3.2.2.3). */
export const ACCEPTED = 0;
export const UNAVAILABLE = 3;
export const BAD_CREDENTIALS = 4;
export const NOT_AUTHORIZED = 5;

/** What a refusal means, for the log. */
export const refusals: Readonly<Record<number, string>> = {
  [UNAVAILABLE]: "too many passwords wait to be checked",
  [BAD_CREDENTIALS]: "bad user name or password",
  [NOT_AUTHORIZED]: "anonymous clients are not allowed",
};

interface Rights {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** Password checks at a time: each keeps a thread of Node's pool busy for a tenth of a second. */
const PARALLEL_CHECKS = 2;
/** Checks that may wait; beyond it a client is told to come back later. */
const MAX_WAITING_CHECKS = 2000;

/** Who may connect, and which topics each client may publish and subscribe to. */
export class Access {
  readonly #settings: Authentication;
  readonly #rights = new WeakMap<Client, Rights>();
  readonly #verified = new Map<string, string>();
  readonly #cacheKey = randomBytes(32);
  readonly #waiting: (() => void)[] = [];
  #checks = 0;

  constructor(settings: Authentication) {
    this.#settings = settings;
  }

  /** Return code for a CONNECT; with {@link ACCEPTED} the client has its rights. */
  async connect(client: Client, name: string | undefined, password: Buffer | undefined): Promise<number> {
    const { users, anonymous } = this.#settings;
    if (name === undefined) {
      if (!(anonymous.allowed ?? users.length === 0)) return NOT_AUTHORIZED;
      this.#rights.set(client, rightsFor(anonymous, client.id, undefined));
      return ACCEPTED;
    }
    const user = users.find((candidate) => candidate.name === name);
    // Without users there is nothing to check a name against; it must not shut anyone out.
    if (users.length === 0 && (anonymous.allowed ?? true)) {
      this.#rights.set(client, rightsFor(anonymous, client.id, undefined));
      return ACCEPTED;
    }
    const fits = await this.#check(name, password ?? Buffer.alloc(0), user?.password ?? NOBODY);
    if (fits === undefined) return UNAVAILABLE;
    if (!fits || user === undefined) return BAD_CREDENTIALS;
    this.#rights.set(client, rightsFor(user, client.id, name));
    return ACCEPTED;
  }

  mayPublish(client: Client, topic: string): boolean {
    return this.#rights.get(client)?.publish.some((right) => matches(right, topic)) ?? false;
  }

  /** For a shared subscription the filter behind the group counts. */
  maySubscribe(client: Client, filter: string): boolean {
    const wanted = parseSharedFilter(filter)?.filter ?? filter;
    return this.#rights.get(client)?.subscribe.some((right) => covers(right, wanted)) ?? false;
  }

  /** Undefined when too many checks wait. A password that fitted once is known by its keyed digest from then on. */
  async #check(name: string, password: Buffer, hash: string): Promise<boolean | undefined> {
    const digest = createHmac("sha256", this.#cacheKey).update(password).digest("base64");
    if (this.#verified.get(name) === digest) return true;
    if (this.#checks >= PARALLEL_CHECKS) {
      if (this.#waiting.length >= MAX_WAITING_CHECKS) return undefined;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#checks++;
    }
    try {
      const fits = await verifyPassword(password, hash);
      if (fits) this.#verified.set(name, digest);
      return fits;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#checks--;
      else next();
    }
  }
}

/** Placeholders become the client's own names; a name that would act as a wildcard or a level of its own matches nothing. */
function rightsFor(rights: Rights, clientId: string, user: string | undefined): Rights {
  const names = { clientId, user };
  const fill = (filter: string): string[] => {
    let unsafe = false;
    const filled = filter.replace(/\{(clientId|user)\}/g, (_match, key: "clientId" | "user") => {
      const name = names[key];
      unsafe ||= name === undefined || /^$|[+#/$]/.test(name);
      return name ?? "";
    });
    return unsafe ? [] : [filled];
  };
  return { publish: rights.publish.flatMap(fill), subscribe: rights.subscribe.flatMap(fill) };
}
