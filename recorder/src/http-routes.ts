import type { HttpOptions } from "@meanet/runtime";
import { isMeanetError } from "@meanet/runtime";
import type { Origins } from "./http-origins.ts";
import { queries } from "./queries/named-queries.ts";
import { type QueryOptions, resolveQuery } from "./queries/query-options.ts";
import type { QueryResult } from "./queries/query-result.ts";

type Server = Parameters<NonNullable<HttpOptions["routes"]>>[0];

export interface RouteSources {
  readonly query: (name: string, options: QueryOptions) => Promise<QueryResult>;
  /** What `GET /store` answers. */
  readonly store: () => unknown;
}

/** Lets pages of this machine and of configured origins read what GET answers; all others get their answers unread. */
export function addOrigins(server: Server, origins: Origins): void {
  server.addHook("onRequest", async (request, reply) => {
    reply.header("vary", "Origin");
    const origin = origins.allowed(request.headers.origin);
    if (origin === undefined) return;
    reply.header("access-control-allow-origin", origin);
    reply.header("access-control-expose-headers", "etag, meanet-frame");
  });
}

/** `GET /queries`, `GET /query/{name}?since=15m&by=device&interval=10s`, `GET /store`. */
export function addRoutes(server: Server, { query, store }: RouteSources): void {
  server.get("/queries", () =>
    Object.entries(queries).map(([name, { description, by, columns }]) => ({
      name,
      description,
      by,
      columns,
    })),
  );

  server.get<{ Params: { name: string }; Querystring: Record<string, unknown> }>(
    "/query/:name",
    async (request, reply) => {
      const { name } = request.params;
      try {
        // Here too, so that a wrong option is answered without a thread.
        resolveQuery(name, request.query, Date.now());
        return await query(name, request.query);
      } catch (error) {
        const status = !isMeanetError(error)
          ? 500
          : error.code === "QUERY_INVALID"
            ? 400
            : error.code === "QUERY_BUSY"
              ? 503
              : 500;
        const reason = error instanceof Error ? error.message : String(error);
        return reply.code(status).send({ error: isMeanetError(error) ? error.code : "INTERNAL", reason });
      }
    },
  );

  server.get("/store", () => store());
}
