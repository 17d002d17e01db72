import type { LogLevel } from "@meanet/runtime";

/** What Node-RED is told when it starts: JSON in the settings file, read by `settings.ts` in the child. */
export interface ChildSettings {
  readonly userDir: string;
  readonly flowFile: string;
  readonly host: string;
  readonly port: number;
  /** Folders of the packages whose nodes are loaded beside Node-RED's own. */
  readonly nodesDir: readonly string[];
  readonly credentialSecret: string;
  /** `password` is a hash; undefined: anyone who reaches the port, which is this machine then. */
  readonly login: { readonly username: string; readonly password: string } | undefined;
  readonly recorderUrl: string | undefined;
  readonly site: string;
  readonly install: boolean;
  readonly logLevel: LogLevel;
  readonly figuresIntervalMs: number;
}

/** What the child tells over the channel between the two processes. */
export type ChildMessage =
  /** The web server listens; sent once. */
  { readonly type: "listening"; readonly port: number } | ({ readonly type: "figures" } & ChildFigures);

/** How Node-RED's process fares. */
export interface ChildFigures {
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  /** Of the event loop since the last message: high where flows do too much. */
  readonly loopDelayP99Ms: number;
}

/** A line of Node-RED's log, as JSON on its standard output. */
export interface LogLine {
  readonly nodeRed: "log";
  readonly level: "fatal" | "error" | "warn" | "info" | "debug" | "trace";
  readonly text: string;
  /** Of the node that speaks; left out when the runtime does. */
  readonly nodeType?: string | undefined;
  readonly nodeName?: string | undefined;
}
