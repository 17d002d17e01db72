import { Worker } from "node:worker_threads";
import { type ErrorCode, MeanetError } from "@meanet/runtime";
import type { QueryOptions } from "./query-options.ts";
import type { QueryResult } from "./query-result.ts";

export interface QueryRequest {
  readonly id: number;
  readonly databaseFile: string;
  readonly name: string;
  readonly options: QueryOptions;
}

export interface QueryAnswer {
  readonly id: number;
  readonly result?: QueryResult;
  readonly failure?: { readonly code: ErrorCode | undefined; readonly message: string };
}

interface Pending {
  readonly resolve: (result: QueryResult) => void;
  readonly reject: (error: Error) => void;
}

/** Requests that may wait for the thread. */
const MAX_WAITING = 16;

/** Runs queries beside the main thread, where a long one would hold up messages and keepalives. Starts with the first query. */
export class QueryThread {
  readonly #databaseFile: string;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #lastId = 0;

  constructor(databaseFile: string) {
    this.#databaseFile = databaseFile;
  }

  /** @throws {MeanetError} QUERY_INVALID, QUERY_BUSY, STORE_UNUSABLE */
  run(name: string, options: QueryOptions): Promise<QueryResult> {
    if (this.#pending.size >= MAX_WAITING) {
      return Promise.reject(
        new MeanetError(
          "QUERY_BUSY",
          `${MAX_WAITING} queries wait already: ask again, or over a shorter time`,
        ),
      );
    }
    this.#worker ??= this.#start();
    const id = ++this.#lastId;
    const request: QueryRequest = { id, databaseFile: this.#databaseFile, name, options };
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker!.postMessage(request);
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(new URL("./query-worker.ts", import.meta.url));
    worker.on("message", ({ id, result, failure }: QueryAnswer) => {
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      if (result !== undefined) pending?.resolve(result);
      else pending?.reject(toError(failure!));
    });
    const end = (error: Error) => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const { reject } of this.#pending.values()) reject(error);
      this.#pending.clear();
    };
    worker.on("error", (error) => end(error instanceof Error ? error : new Error(String(error))));
    worker.on("exit", () => end(new Error("the query thread has ended")));
    return worker;
  }
}

function toError({ code, message }: NonNullable<QueryAnswer["failure"]>): Error {
  return code === undefined ? new Error(message) : new MeanetError(code, message);
}
