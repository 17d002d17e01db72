import { Worker } from "node:worker_threads";
import { type ErrorCode, MeanetError } from "@meanet/runtime";
import type { FramePlace, FrameRecord } from "../frames/frame-record.ts";
import type { RecordedTraining } from "../trainings/recorded-trainings.ts";
import type { TrainingOptions } from "../trainings/training-options.ts";
import type { WhatIf } from "../whatif/whatif.ts";
import type { WhatIfOptions } from "../whatif/whatif-options.ts";
import type { QueryOptions } from "./query-options.ts";
import type { QueryResult } from "./query-result.ts";

/** What can be asked of the database, by kind: question and answer. */
interface Questions {
  readonly query: { readonly name: string; readonly options: QueryOptions; readonly answer: QueryResult };
  readonly frame: { readonly frame: string; readonly place: FramePlace; readonly answer: FrameRecord[] };
  readonly trainings: { readonly options: TrainingOptions; readonly answer: RecordedTraining[] };
  readonly whatif: { readonly options: WhatIfOptions; readonly answer: WhatIf };
}
type Kind = keyof Questions;
export type Answer = Questions[Kind]["answer"];
export type Question = { [K in Kind]: { readonly kind: K } & Omit<Questions[K], "answer"> }[Kind];

export interface QueryRequest {
  readonly id: number;
  readonly databaseFile: string;
  readonly question: Question;
}

export interface QueryAnswer {
  readonly id: number;
  readonly result?: Answer;
  readonly failure?: { readonly code: ErrorCode | undefined; readonly message: string };
}

interface Pending {
  readonly resolve: (result: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** Requests that may wait for the thread. */
const MAX_WAITING = 16;

/** Runs queries beside the main thread, where a long one would hold up messages and keepalives. Starts with the first query. */
export class QueryThread {
  readonly #databaseFile: string;
  readonly #onQuestion: () => void;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #lastId = 0;

  /** @param onQuestion - told of every question, also of one that is refused */
  constructor(databaseFile: string, onQuestion: () => void = () => undefined) {
    this.#databaseFile = databaseFile;
    this.#onQuestion = onQuestion;
  }

  /** @throws {MeanetError} QUERY_INVALID, QUERY_BUSY, STORE_UNUSABLE */
  run(name: string, options: QueryOptions): Promise<QueryResult> {
    return this.#ask<"query">({ kind: "query", name, options });
  }

  /** @throws {MeanetError} FRAME_UNKNOWN, QUERY_BUSY, STORE_UNUSABLE */
  frames(frame: string, place: FramePlace): Promise<FrameRecord[]> {
    return this.#ask<"frame">({ kind: "frame", frame, place });
  }

  /** @throws {MeanetError} QUERY_INVALID, QUERY_BUSY, STORE_UNUSABLE */
  trainings(options: TrainingOptions): Promise<RecordedTraining[]> {
    return this.#ask<"trainings">({ kind: "trainings", options });
  }

  /** @throws {MeanetError} QUERY_INVALID, QUERY_BUSY, STORE_UNUSABLE */
  whatIf(options: WhatIfOptions): Promise<WhatIf> {
    return this.#ask<"whatif">({ kind: "whatif", options });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #ask<K extends Kind>(question: Extract<Question, { kind: K }>): Promise<Questions[K]["answer"]> {
    this.#onQuestion();
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
    const request: QueryRequest = { id, databaseFile: this.#databaseFile, question };
    return new Promise<Questions[K]["answer"]>((resolve, reject) => {
      // The thread answers each question with its own kind of answer.
      this.#pending.set(id, { resolve: (result) => resolve(result as Questions[K]["answer"]), reject });
      this.#worker!.postMessage(request);
    });
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
      // Called for its error and for its exit; by the second call a new thread may have questions.
      if (this.#worker !== worker) return;
      this.#worker = undefined;
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
