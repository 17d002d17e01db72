export { type Config, configSchema, type InfluxConfig } from "./config.ts";
export {
  type FramePlace,
  type FrameRecord,
  findFrames,
  type RecordedAnswer,
  type RecordedRefusal,
  type RecordedVerdict,
} from "./frames/frame-record.ts";
export { connectInflux, type InfluxServer } from "./influx/influx-server.ts";
export { serverVersion } from "./influx/server-version.ts";
export { type RunningRecorder, start } from "./main.ts";
export { provisionInflux } from "./provision.ts";
export { type Source, sources } from "./queries/choose-source.ts";
export { runInfluxQuery } from "./queries/influxql.ts";
export { type Grouping, groupings, type QueryName, queries, queryNames } from "./queries/named-queries.ts";
export { type QueryOptions, queryOptionsSchema } from "./queries/query-options.ts";
export type { Cell, QueryResult } from "./queries/query-result.ts";
export { runQuery } from "./queries/sql.ts";
export type { StoreState } from "./store-state.ts";
export type { Judge } from "./whatif/frame-ways.ts";
export type { WhatIfRow } from "./whatif/sweep.ts";
export { runWhatIf, type WhatIf } from "./whatif/whatif.ts";
export { type WhatIfOptions, whatIfOptionsSchema } from "./whatif/whatif-options.ts";
