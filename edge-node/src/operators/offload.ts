import type { CloudAnswer, CloudOutcome } from "@meanet/protocol";
import {
  defer,
  filter,
  finalize,
  ignoreElements,
  map,
  merge,
  mergeMap,
  type Observable,
  type OperatorFunction,
  of,
  type SchedulerLike,
  startWith,
  take,
  tap,
  timer,
} from "rxjs";
import type { CloudClasses, Provisional, Routed, Settled } from "../stages.ts";

/** One publication of a complex frame. */
export interface Question {
  readonly item: Routed;
  /** Id of the request: frame ids are unique only per device. */
  readonly ticket: string;
  /** From 1. */
  readonly attempt: number;
  readonly remainingMs: number;
}

export interface OffloadOptions {
  /** Requests in flight. */
  readonly limit: number;
  /** Silence after which the frame is published again. */
  readonly silenceMs: number;
  /** From the frame's arrival to the edge's own answer. */
  readonly deadlineMs: () => number;
  /** Whether there is a connection to ask through. */
  readonly online: () => boolean;
  /** Publishes, and returns the bytes of the payload. */
  readonly publish: (question: Question) => number;
  readonly answers: Observable<CloudAnswer>;
  readonly newTicket: () => string;
  /** Whether to say what the edge thinks while it asks. */
  readonly provisional: boolean;
  /** The clock of `Frame.arrivedMs`. */
  readonly now: () => number;
  readonly scheduler: SchedulerLike;
  /** Called at every change. */
  readonly observe?: (inFlight: number) => void;
}

/**
 * Asks the cloud about the complex frames and settles every frame exactly once.
 *
 *     frames   --a---B----c-|     B complex
 *     answers  --------x---
 *     out      --a-----B--c-|     order of arrival
 *
 * Nothing queues: past `limit` requests in flight the edge's own answer stands, `cloud: "busy"`; without a connection, `offline`.
 * On silence the frame is published again until the deadline, then the edge's answer stands, `late`. A worker that cannot
 * answer, or answers with another model's classes, settles it at once, `failed`. No cloud failure errors the stream.
 */
export function offload(options: OffloadOptions): OperatorFunction<Routed, Settled | Provisional> {
  return (frames) =>
    defer(() => {
      let inFlight = 0;
      return frames.pipe(
        mergeMap((item) => {
          if (item.route !== "complex") return of(settle(item, "none"));
          if (!options.online()) return of(settle(item, "offline"));
          if (inFlight >= options.limit) return of(settle(item, "busy"));
          const leftMs = item.frame.arrivedMs + options.deadlineMs() - options.now();
          if (leftMs <= 0) return of(settle(item, "late"));
          inFlight += 1;
          options.observe?.(inFlight);
          return ask(item, leftMs, options).pipe(
            finalize(() => {
              inFlight -= 1;
              options.observe?.(inFlight);
            }),
          );
        }),
      );
    });
}

function ask(item: Routed, leftMs: number, options: OffloadOptions): Observable<Settled | Provisional> {
  const { silenceMs, online, publish, answers, provisional, now, scheduler } = options;
  const ticket = options.newTicket();
  const askedMs = now();
  const deadlineAt = askedMs + leftMs;
  let attempt = 0;
  let uplinkBytes = 0;

  const answered = answers.pipe(
    filter(({ id }) => id === ticket),
    map((answer) => {
      const classes = readAnswer(item, answer);
      return settle(waited(), classes === undefined ? "failed" : "answered", uplinkBytes, classes);
    }),
  );
  const late = timer(leftMs, scheduler).pipe(map(() => settle(waited(), "late", uplinkBytes)));
  const published = timer(silenceMs, silenceMs, scheduler).pipe(
    startWith(0),
    filter(online),
    tap(() => {
      attempt += 1;
      uplinkBytes += publish({ item, ticket, attempt, remainingMs: Math.max(0, deadlineAt - now()) });
    }),
    ignoreElements(),
  );
  // `answered` first: it must listen before the first publication.
  const settled = merge(answered, late, published).pipe(take(1));
  return provisional
    ? settled.pipe(startWith<Settled | Provisional>({ ...item, stage: "provisional" }))
    : settled;

  function waited(): Routed {
    return { ...item, stages: { ...item.stages, cloudMs: now() - askedMs } };
  }
}

/** The answer, when it is one about this model's classes. */
function readAnswer({ model }: Routed, answer: CloudAnswer): CloudClasses | undefined {
  if (answer.outcome !== "answered" || answer.model !== model.base) return undefined;
  const known = answer.classes.every(({ classIndex }) => classIndex < model.classes.length);
  return known ? answer : undefined;
}

function settle(
  item: Routed,
  cloud: Exclude<CloudOutcome, "pending">,
  uplinkBytes = 0,
  answer?: CloudClasses,
): Settled {
  return { ...item, stage: "settled", cloud, answer, uplinkBytes };
}
