import { type FastifyInstance, fastify } from "fastify";
import type { Registry } from "prom-client";
import { z } from "zod";
import { timerMs } from "./duration.ts";
import { MeanetError } from "./error.ts";

/** Settings of the HTTP listener that each process has. */
export const httpConfigSchema = z
  .strictObject({
    enabled: z.boolean().default(true).describe("serve /healthz, /readyz and /metrics"),
    host: z.string().default("127.0.0.1").describe("address to listen on"),
    port: z.int().min(0).max(65535).default(0).describe("port to listen on; 0 picks a free one"),
    requestTimeout: timerMs
      .prefault("10s")
      .describe("time for a request to arrive whole: who sends it byte by byte holds no socket for ever"),
  })
  .prefault({});
export type HttpConfig = z.output<typeof httpConfigSchema>;

export interface HttpOptions {
  readonly metrics: Registry;
  /** Empty when ready, else what it waits for: `["broker"]`. */
  readonly notReady: () => readonly string[];
  /** More routes of this process. */
  readonly routes?: (server: FastifyInstance) => void;
}

export interface HttpListener {
  /** `http://127.0.0.1:4711` */
  readonly url: string;
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 1000;

/**
 * `/healthz` answers as long as the process lives, `/readyz` with 503 and the reasons until it can work,
 * `/metrics` in Prometheus' text format.
 *
 * @throws {MeanetError} PORT_TAKEN
 */
export async function listenHttp(config: HttpConfig, options: HttpOptions): Promise<HttpListener> {
  const server = fastify({
    bodyLimit: 64 * 1024,
    requestTimeout: config.requestTimeout,
    http: {
      headersTimeout: config.requestTimeout,
      connectionsCheckingInterval: Math.min(1000, config.requestTimeout),
    },
  });
  server.server.maxConnections = MAX_CONNECTIONS;
  server.get("/healthz", () => ({ status: "alive" }));
  server.get("/readyz", (_request, reply) => {
    const waitingFor = options.notReady();
    return reply
      .code(waitingFor.length === 0 ? 200 : 503)
      .send({ ready: waitingFor.length === 0, waitingFor });
  });
  server.get("/metrics", async (_request, reply) => {
    return reply.type(options.metrics.contentType).send(await options.metrics.metrics());
  });
  options.routes?.(server);
  try {
    const url = await server.listen({ host: config.host, port: config.port });
    return { url, close: () => server.close() };
  } catch (cause) {
    throw listenError(cause, config.host, config.port, "http.port");
  }
}

/** The error of a failed `listen`, with what to do when the port is taken. */
export function listenError(cause: unknown, host: string, port: number, setting: string): unknown {
  if (!(cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE")) return cause;
  return new MeanetError(
    "PORT_TAKEN",
    `port ${port} on ${host} is taken: stop what listens there, set ${setting} to another port, or to 0 for a free one`,
    { host, port, setting },
    { cause },
  );
}
