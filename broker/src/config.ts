import { DEFAULT_TOPIC_PREFIX, idSchema as id } from "@meanet/protocol";
import { durationMs, httpConfigSchema, passwordHashSchema, timerMs } from "@meanet/runtime";
import { z } from "zod";

const host = z
  .string()
  .optional()
  .describe("address to listen on; left out: 127.0.0.1, or 0.0.0.0 once users are configured");
const port = (standard: number) =>
  z.int().min(0).max(65535).default(standard).describe("0 picks a free port");
const count = (least = 1) => z.int().min(least);
const MIB = 1024 * 1024;

const plain = (standard: number) => ({ host, port: port(standard) });
const secured = (standard: number) => ({
  ...plain(standard),
  cert: z.string().describe("file with the certificate chain (PEM)"),
  key: z.string().describe("file with the private key (PEM)"),
  ca: z.string().optional().describe("file with the authority that client certificates must come from (PEM)"),
});

const listeners = z
  .strictObject({
    tcp: z
      .strictObject({
        enabled: z.boolean().default(true).describe("false when only other listeners are wanted"),
        ...plain(1883),
      })
      .prefault({})
      .describe("MQTT over TCP"),
    ws: z.strictObject(plain(9001)).optional().describe("MQTT over WebSocket; left out: none"),
    tls: z.strictObject(secured(8883)).optional().describe("MQTT over TLS; left out: none"),
    wss: z.strictObject(secured(9443)).optional().describe("MQTT over WebSocket over TLS; left out: none"),
    origins: z
      .array(z.string())
      .default([])
      .describe(
        'web pages that may connect, as "https://host:port"; pages of this machine always may; "*" for all',
      ),
  })
  .prefault({});

const filters = z.array(z.string().min(1));
const rights = {
  publish: filters
    .default(["#"])
    .describe(
      'topics it may publish to: filters, {clientId} and {user} stand for its own; "#" holds no $ topic',
    ),
  subscribe: filters.default(["#"]).describe("filters it may subscribe to, or narrower ones"),
};

const authentication = z
  .strictObject({
    users: z
      .array(
        z.strictObject({
          name: z.string().min(1).max(128).describe("user name"),
          password: passwordHashSchema.describe("scrypt hash; `meanet broker hash-password` prints one"),
          ...rights,
        }),
      )
      .default([])
      .describe("who may connect"),
    anonymous: z
      .strictObject({
        allowed: z
          .boolean()
          .optional()
          .describe("let clients in without a user name; left out: only while no users are configured"),
        ...rights,
      })
      .prefault({}),
  })
  .prefault({});

const limits = z
  .strictObject({
    maxPacketBytes: count(1024)
      .default(4 * MIB)
      .describe("largest MQTT packet; a larger one ends the connection as soon as its header is read"),
    maxClients: count().default(10_000).describe("connections at a time, of all listeners together"),
    maxClientsPerAddress: count(0)
      .default(1000)
      .describe(
        "connections at a time from one address (IPv6: one /64 network); 0 for no limit; none for this machine itself, a proxy on it included",
      ),
    maxTopicLevels: count().max(100).default(32).describe("levels of a topic or filter"),
    maxSubscriptions: count().default(1000).describe("filters per client"),
    subscriptionBytes: count()
      .default(256 * 1024)
      .describe("characters of these filters together; one may be 64 KiB long"),
    maxInflightInbound: count().default(1000).describe("QoS 2 messages of a client that await its PUBREL"),
    connectTimeout: timerMs.prefault("10s").describe("time from the connection to a complete CONNECT"),
    keepaliveLimit: durationMs
      .prefault("20m")
      .describe('longest keepalive a client may ask for, none at all included; "0s" for no limit'),
    drainTimeout: durationMs
      .prefault("10s")
      .describe("a client that takes none of its waiting bytes for so long is disconnected"),
    unfinishedBytesTotal: count(1024)
      .default(256 * MIB)
      .describe(
        "bytes of packets that have begun to arrive, all connections together; beyond it the one that is unfinished longest is disconnected",
      ),
    unsentBytes: count(1024)
      .default(16 * MIB)
      .describe(
        "bytes waiting to be sent to one client, with what each message takes beside them; beyond it QoS 0 messages for this client are dropped",
      ),
    pacingRate: count()
      .default(10 * MIB)
      .describe(
        "bytes a second; from half of unsentBytes publishers wait for a client that takes this much, not for slower ones",
      ),
    unsentBytesMax: count(1024)
      .default(128 * MIB)
      .describe("bytes waiting to be sent to one client, all QoS; beyond it the client is disconnected"),
    unsentBytesTotal: count(1024)
      .default(1024 * MIB)
      .describe(
        "bytes waiting to be sent, all clients together; beyond it the one with the most is disconnected",
      ),
    retainedMessages: count(0).default(10_000).describe("retained messages kept"),
    retainedBytes: count(0)
      .default(64 * MIB)
      .describe("topics and payloads of all retained messages"),
    sessions: count(0).default(1000).describe("sessions kept for clients that connect with clean: false"),
    sessionExpiry: durationMs
      .prefault("7d")
      .describe("a session whose client stayed away for so long is forgotten"),
    queuedMessages: count(0)
      .default(10_000)
      .describe(
        "QoS 1 and 2 messages unacknowledged or waiting, per session, and per member of a share group without one",
      ),
    queuedBytes: count(0)
      .default(64 * MIB)
      .describe("bytes of these messages, per session or member"),
    queuedBytesTotal: count(0)
      .default(256 * MIB)
      .describe("bytes of these messages, all sessions together"),
  })
  .prefault({});
export type Limits = z.output<typeof limits>;

export type Authentication = z.output<typeof authentication>;

/** Settings of the broker. */
export const configSchema = z.strictObject({
  node: id.default("broker").describe("name of this broker in the topics of its own status and stats"),
  site: id.default("default").describe("site in those topics"),
  topicPrefix: z.string().default(DEFAULT_TOPIC_PREFIX).describe("levels before the site in every topic"),
  listeners,
  authentication,
  limits,
  statsInterval: timerMs.prefault("10s").describe("time between two publications of its stats"),
  stopTimeout: durationMs
    .prefault("2s")
    .describe("time that clients get to take their waiting bytes when it stops"),
  http: httpConfigSchema,
});
export type BrokerConfig = z.output<typeof configSchema>;
