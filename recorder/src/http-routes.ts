import { idSchema as id } from "@meanet/protocol";
import { MeanetError } from "@meanet/runtime";
import { z } from "zod";
import type { FramePlace, FrameRecord } from "./frames/frame-record.ts";
import type { Server } from "./http-errors.ts";
import { queries } from "./queries/named-queries.ts";
import { type QueryOptions, resolveQuery } from "./queries/query-options.ts";
import type { QueryResult } from "./queries/query-result.ts";
import type { RecordedTraining } from "./trainings/recorded-trainings.ts";
import { resolveTrainings, type TrainingOptions } from "./trainings/training-options.ts";
import type { WhatIf } from "./whatif/whatif.ts";
import { resolveWhatIf, type WhatIfOptions } from "./whatif/whatif-options.ts";

export interface RouteSources {
  readonly query: (name: string, options: QueryOptions) => Promise<QueryResult>;
  readonly frames: (id: string, place: FramePlace) => Promise<FrameRecord[]>;
  readonly trainings: (options: TrainingOptions) => Promise<RecordedTraining[]>;
  readonly whatIf: (options: WhatIfOptions) => Promise<WhatIf>;
  /** What `GET /store` answers. */
  readonly store: () => unknown;
}

const frameSchema = z.strictObject({ id, site: id.optional(), device: id.optional() });

/**
 * `GET /queries`, `GET /query/{name}?since=15m&by=device&interval=10s&site=`, `GET /frame/{id}?device=&site=`,
 * `GET /trainings?since=30d&edge=&events=epoch,accepted&latest=&limit=100`, `GET /whatif?since=1h&edge=&grid=0:4.6:0.2`, `GET /store`.
 */
export function addRoutes(server: Server, { query, frames, trainings, whatIf, store }: RouteSources): void {
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
      // Here too, so that a wrong option is answered without a thread.
      resolveQuery(name, options, Date.now());
      return query(name, options);
    },
  );

  server.get<{ Params: { id: string }; Querystring: Record<string, unknown> }>(
    "/frame/:id",
    async (request) => {
      const asked = frameSchema.safeParse({ ...request.query, id: request.params.id });
      if (!asked.success) throw new MeanetError("QUERY_INVALID", `frame: ${z.prettifyError(asked.error)}`);
      const { id: frame, ...place } = asked.data;
      return { id: frame, frames: await frames(frame, place) };
    },
  );

  server.get<{ Querystring: Record<string, unknown> }>("/trainings", ({ query: options }) => {
    resolveTrainings(options, Date.now());
    return trainings(options);
  });

  server.get<{ Querystring: Record<string, unknown> }>("/whatif", ({ query: options }) => {
    resolveWhatIf(options, Date.now());
    return whatIf(options);
  });

  server.get("/store", () => store());
}
