import { parentPort } from "node:worker_threads";
import { isMeanetError } from "@meanet/runtime";
import type { QueryOptions } from "./query-options.ts";
import type { QueryAnswer, QueryRequest } from "./query-thread.ts";
import { runQuery } from "./sql.ts";

/** Runs in the thread of `query-thread.ts`: one request, one answer, in order. */
parentPort?.on("message", ({ id, databaseFile, name, options }: QueryRequest) => {
  parentPort!.postMessage(answer(id, databaseFile, name, options));
});

function answer(id: number, databaseFile: string, name: string, options: QueryOptions): QueryAnswer {
  try {
    return { id, result: runQuery(databaseFile, name, options) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { id, failure: { code: isMeanetError(error) ? error.code : undefined, message } };
  }
}
