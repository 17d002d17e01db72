export { type Config, configSchema, type InfluxConfig } from "./config.ts";
export {
  type FramePlace,
  type FrameRecord,
  findFrames,
  type RecordedAnswer,
  type RecordedRefusal,
  type RecordedVerdict,
} from "./frames/frame-record.ts";
export type { StoreState } from "./http/store-state.ts";
export { connectInflux, InfluxRefusal, type InfluxServer } from "./influx/influx-server.ts";
export { serverVersion } from "./influx/server-version.ts";
export { type RunningRecorder, start } from "./main.ts";
export { provisionInflux } from "./provision.ts";
export { runInfluxQuery } from "./queries/influxql.ts";
export { type QueryName, queries, queryNames } from "./queries/named-queries.ts";
export type { Cell } from "./queries/named-query.ts";
export { type Grouping, groupings } from "./queries/named-query.ts";
export { type QueryOptions, queryOptionsSchema, type Source, sources } from "./queries/query-options.ts";
export type { QueryResult } from "./queries/query-result.ts";
export { runQuery } from "./queries/sql.ts";
export type { Judge } from "./whatif/frame-ways.ts";
export type { WhatIfRow } from "./whatif/sweep.ts";
export { runWhatIf, type WhatIf } from "./whatif/whatif.ts";
export { type WhatIfOptions, whatIfOptionsSchema } from "./whatif/whatif-options.ts";
