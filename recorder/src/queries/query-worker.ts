import { parentPort } from "node:worker_threads";
import { isMeanetError, reasonOf } from "@meanet/runtime";
import { findFrames } from "../frames/frame-record.ts";
import { findTrainings } from "../trainings/recorded-trainings.ts";
import { runWhatIf } from "../whatif/whatif.ts";
import type { Answer, QueryAnswer, QueryRequest, Question } from "./query-thread.ts";
import { runQuery } from "./sql.ts";

/** Runs in the thread of `query-thread.ts`: one request, one answer, in order. */
parentPort?.on("message", ({ id, databaseFile, question }: QueryRequest) => {
  parentPort!.postMessage(reply(id, databaseFile, question));
});

function reply(id: number, databaseFile: string, question: Question): QueryAnswer {
  try {
    return { id, result: answer(databaseFile, question) };
  } catch (error) {
    const message = reasonOf(error);
    return { id, failure: { code: isMeanetError(error) ? error.code : undefined, message } };
  }
}

function answer(databaseFile: string, question: Question): Answer {
  switch (question.kind) {
    case "query":
      return runQuery(databaseFile, question.name, question.options);
    case "frame":
      return findFrames(databaseFile, question.frame, question.place);
    case "trainings":
      return findTrainings(databaseFile, question.options);
    case "whatif":
      return runWhatIf(databaseFile, question.options);
  }
}
