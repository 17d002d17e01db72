import {
  createMetrics,
  type HttpListener,
  type Logger,
  listenHttp,
  type Running,
  StartedParts,
} from "@meanet/runtime";
import { keepPacketLengths } from "@meanet/session/packet-lengths";
import { Announcements } from "./announcements.ts";
import type { BrokerConfig } from "./config.ts";
import { type Address, type Listener, listenTcp } from "./listen-tcp.ts";
import { listenWebSocket } from "./listen-websocket.ts";
import { MqttHost } from "./mqtt-host.ts";

export interface BrokerAddresses {
  readonly tcp?: Address;
  readonly ws?: Address;
  readonly tls?: Address;
  readonly wss?: Address;
}

export interface RunningBroker extends Running {
  /** Where it listens, with the ports that 0 turned into. */
  readonly addresses: BrokerAddresses;
  /** Health and metrics, when enabled. */
  readonly http: HttpListener | undefined;
}

/**
 * Starts the broker of the configuration: listeners, health and metrics.
 *
 * `stop()` takes no more connections, announces the stop, lets clients take their waiting bytes, disconnects them and closes.
 *
 * @throws {MeanetError} PORT_TAKEN; CONFIG_UNREADABLE, CONFIG_INVALID for certificate files
 */
export function start(config: BrokerConfig, { log }: { readonly log: Logger }): Promise<RunningBroker> {
  const parts = new StartedParts();
  return parts.guard(async () => {
    keepPacketLengths();
    const metrics = createMetrics("broker");
    const host = parts.add("clients", await MqttHost.create(config, log, metrics), (opened) =>
      opened.close(),
    );
    const announcements = new Announcements(host.aedes, config, host.counters);
    await announcements.start();
    parts.add("announcements", announcements, (started) => started.stop());

    const addresses: { -readonly [K in keyof BrokerAddresses]: BrokerAddresses[K] } = {};
    const listeners = await listen(config, host, (name, listener) => {
      parts.add(`listener ${name}`, listener, (opened) => opened.close());
      addresses[name] = listener.address;
      log.info({ listener: name, ...listener.address }, "listening");
    });
    warnWhenOpen(config, listeners, log);

    const http = config.http.enabled
      ? parts.add("http", await listenHttp(config.http, { metrics, notReady: () => [] }), (opened) =>
          opened.close(),
        )
      : undefined;
    return { addresses, http, stop: () => parts.stop() };
  });
}

async function listen(
  { listeners, limits, authentication }: BrokerConfig,
  { admit, accept }: Pick<MqttHost, "admit" | "accept">,
  opened: (name: "tcp" | "ws" | "tls" | "wss", listener: Listener) => void,
): Promise<readonly Address[]> {
  const standardHost = authentication.users.length > 0 ? "0.0.0.0" : "127.0.0.1";
  const { tcp, ws, tls, wss, origins } = listeners;
  const web = { ...limits, origins };
  const addresses: Address[] = [];
  const at = (wanted: { host?: string | undefined; port: number }) => {
    const address = { host: wanted.host ?? standardHost, port: wanted.port };
    addresses.push(address);
    return address;
  };
  if (tcp.enabled) opened("tcp", await listenTcp("listeners.tcp", at(tcp), undefined, admit, accept));
  if (tls) opened("tls", await listenTcp("listeners.tls", at(tls), tls, admit, accept));
  if (ws) opened("ws", await listenWebSocket("listeners.ws", at(ws), undefined, web, admit, accept));
  if (wss) opened("wss", await listenWebSocket("listeners.wss", at(wss), wss, web, admit, accept));
  return addresses;
}

function warnWhenOpen({ authentication }: BrokerConfig, addresses: readonly Address[], log: Logger): void {
  const { users, anonymous } = authentication;
  if (!(anonymous.allowed ?? users.length === 0)) return;
  const open = addresses.filter(({ host }) => !/^(127\.|::1$|localhost$)/.test(host));
  if (open.length > 0)
    log.warn({ addresses: open }, "anyone who reaches this address may connect: no user is required");
}
