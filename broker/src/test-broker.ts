import { EventEmitter, on, once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { createLog, type Logger } from "@meanet/runtime";
import type { z } from "zod";
import { configSchema } from "./config.ts";
import { type RunningBroker, start } from "./main.ts";

export interface TestBroker {
  readonly running: RunningBroker;
  /** `mqtt://127.0.0.1:4711` */
  readonly url: string;
  /** Resolves with the first line that tells this reason for the end of a connection, logged already or to come. */
  ended(reason: string): Promise<{ readonly client?: string; readonly detail?: string }>;
  /** Value of a metric, `meanet_broker_dropped_messages_total{reason="slow-subscriber"`. */
  metric(start: string): Promise<number>;
  /** A bare socket to the TCP listener, closed with the test. */
  socket(): Promise<Socket>;
}

interface EndLine {
  readonly reason: string;
  readonly client?: string;
  readonly detail?: string;
}

/** A broker on a free port of this machine for one test, stopped after it. */
export async function startBroker(
  t: TestContext,
  settings: z.input<typeof configSchema> = {},
): Promise<TestBroker> {
  const lines: EndLine[] = [];
  const news = new EventEmitter();
  const running = await start(
    configSchema.parse({ ...settings, listeners: { tcp: { port: 0 }, ...settings.listeners } }),
    {
      log: tellingLog((fields) => {
        if (!("reason" in fields)) return;
        lines.push(fields as unknown as EndLine);
        news.emit("line");
      }),
    },
  );
  t.after(() => running.stop());
  const { host, port } = running.addresses.tcp!;
  return {
    running,
    url: `mqtt://${host}:${port}`,
    async ended(reason) {
      for (;;) {
        const line = lines.find((candidate) => candidate.reason === reason);
        if (line !== undefined) return line;
        await once(news, "line");
      }
    },
    async metric(name) {
      const text = await (await fetch(`${running.http!.url}/metrics`)).text();
      const line = text.split("\n").find((candidate) => candidate.startsWith(name));
      return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(" ") + 1));
    },
    async socket() {
      const socket = connectTcp(port, host);
      socket.on("error", () => undefined);
      t.after(() => socket.destroy());
      await once(socket, "connect");
      return socket;
    },
  };
}

/** Resolves when a connection has ended, in order or by a reset. */
export function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve());
  });
}

/** A silent log whose lines reach `told`. */
function tellingLog(told: (fields: object) => void): Logger {
  const log = createLog("broker", "silent");
  const tell = (fields: object) => told(fields);
  log.warn = tell as Logger["warn"];
  log.debug = tell as Logger["debug"];
  return log;
}

interface Subscriber {
  readonly options: { readonly clientId?: string };
  on(event: "message", listener: (topic: string, payload: Buffer) => void): unknown;
}

/** What a client receives, from now on. */
export class Inbox {
  readonly payloads: string[] = [];
  readonly topics: string[] = [];
  readonly #news = new EventEmitter();

  constructor(client: Subscriber) {
    client.on("message", (topic, payload) => {
      this.payloads.push(payload.toString());
      this.topics.push(topic);
      this.#news.emit("message");
    });
  }

  /** Resolves once `condition` holds of what has come. */
  async until(condition: (payloads: readonly string[]) => boolean): Promise<void> {
    if (condition(this.payloads)) return;
    for await (const _ of on(this.#news, "message")) {
      if (condition(this.payloads)) return;
    }
  }

  has(payload: string): Promise<void> {
    return this.until((payloads) => payloads.includes(payload));
  }
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

/** A packet of MQTT 3.1.1 on the wire. */
export function packet(firstByte: number, ...body: readonly Buffer[]): Buffer {
  const content = Buffer.concat(body);
  const length: number[] = [];
  for (let rest = content.length; length.length === 0 || rest > 0; rest = Math.floor(rest / 128)) {
    length.push((rest % 128) | (rest >= 128 ? 0x80 : 0));
  }
  return Buffer.concat([Buffer.from([firstByte, ...length]), content]);
}

interface ConnectOptions {
  readonly clean?: boolean;
  readonly user?: readonly [name: string, password: string];
}

/** CONNECT with keepalive 60 s. */
export function connectPacket(clientId: string, { clean = true, user }: ConnectOptions = {}): Buffer {
  const flags = (clean ? 2 : 0) | (user === undefined ? 0 : 0xc0);
  return packet(
    0x10,
    text("MQTT"),
    Buffer.from([4, flags, 0, 60]),
    text(clientId),
    ...(user ?? []).map(text),
  );
}

export function subscribePacket(filters: readonly string[], qos: number): Buffer {
  return packet(
    0x82,
    Buffer.from([0, 1]),
    ...filters.flatMap((filter) => [text(filter), Buffer.from([qos])]),
  );
}

/** PUBLISH with QoS 0. */
export function publishPacket(topic: string, payload: Buffer): Buffer {
  return packet(0x30, text(topic), payload);
}

export function unsubscribePacket(filters: readonly string[]): Buffer {
  return packet(0xa2, Buffer.from([0, 2]), ...filters.map(text));
}

export const disconnectPacket = Buffer.from([0xe0, 0]);
