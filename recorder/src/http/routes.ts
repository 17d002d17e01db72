import { idSchema as id } from "@meanet/protocol";
import { MeanetError } from "@meanet/runtime";
import { z } from "zod";
import { queries } from "../queries/named-queries.ts";
import { resolveQuery } from "../queries/query-options.ts";
import type { QueryThread } from "../queries/query-thread.ts";
import { resolveTrainings } from "../trainings/training-options.ts";
import { resolveWhatIf } from "../whatif/whatif-options.ts";
import type { Server } from "./errors.ts";

export interface RouteSources {
  readonly queryThread: QueryThread;
  /** What `GET /store` answers. */
  readonly store: () => unknown;
}

const frameSchema = z.strictObject({ id, site: id.optional(), device: id.optional() });

/**
 * `GET /queries`, `GET /query/{name}?since=15m&by=device&interval=10s&site=`, `GET /frame/{id}?device=&site=`,
 * `GET /trainings?since=30d&edge=&events=epoch,accepted&latest=&limit=100`, `GET /whatif?since=1h&edge=&grid=0:4.6:0.2`, `GET /store`.
 */
export function addRoutes(server: Server, { queryThread, store }: RouteSources): void {
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
    ({ params: { name }, query: options }) => {
      // Checked here too, so that a wrong option is refused without a thread.
      resolveQuery(name, options, Date.now());
      return queryThread.run(name, options);
    },
  );

  server.get<{ Params: { id: string }; Querystring: Record<string, unknown> }>(
    "/frame/:id",
    async (request) => {
      const asked = frameSchema.safeParse({ ...request.query, id: request.params.id });
      if (!asked.success) throw new MeanetError("QUERY_INVALID", `frame: ${z.prettifyError(asked.error)}`);
      const { id: frame, ...place } = asked.data;
      return { id: frame, frames: await queryThread.frames(frame, place) };
    },
  );

  server.get<{ Querystring: Record<string, unknown> }>("/trainings", ({ query: options }) => {
    resolveTrainings(options, Date.now());
    return queryThread.trainings(options);
  });

  server.get<{ Querystring: Record<string, unknown> }>("/whatif", ({ query: options }) => {
    resolveWhatIf(options, Date.now());
    return queryThread.whatIf(options);
  });

  server.get("/store", () => store());
}
