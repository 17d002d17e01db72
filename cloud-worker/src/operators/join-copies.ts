import { Observable, type OperatorFunction, Subject } from "rxjs";
import type { Asked, Settled } from "../stages.ts";

/** An edge that repeats itself more often than this gets no answer of its own to each: an answer to any copy counts. */
const MAX_COPIES = 8;

export interface JoinCopiesOptions {
  /** Told of every copy that was not computed again. */
  readonly onCopy?: () => void;
}

/**
 * Computes a question once, however often it comes while it is in work, and answers each copy.
 *
 *     asked    --a-a-b--------a--|
 *     work       ------(A|)          b beside it; the last a is new: the first has been answered
 *     out      --------(AA)-B----A|
 *
 * Copies arise because edges publish again on silence. Ids are unique per edge.
 */
export function joinCopies(
  { onCopy }: JoinCopiesOptions,
  work: OperatorFunction<Asked, Settled>,
): OperatorFunction<Asked, Settled> {
  return (source) =>
    new Observable<Settled>((subscriber) => {
      const inside = new Subject<Asked>();
      const copies = new Map<string, Asked[]>();
      subscriber.add(
        work(inside).subscribe({
          next(settled) {
            const key = keyOf(settled.asked);
            const others = copies.get(key) ?? [];
            copies.delete(key);
            subscriber.next(settled);
            for (const asked of others) subscriber.next({ ...settled, asked });
          },
          error: (error: unknown) => subscriber.error(error),
          complete: () => subscriber.complete(),
        }),
      );
      subscriber.add(
        source.subscribe({
          next(asked) {
            const key = keyOf(asked);
            const others = copies.get(key);
            if (others === undefined) {
              copies.set(key, []);
              inside.next(asked);
              return;
            }
            if (others.length < MAX_COPIES) others.push(asked);
            onCopy?.();
          },
          error: (error: unknown) => subscriber.error(error),
          complete: () => inside.complete(),
        }),
      );
    });
}

/** "/" stands in no id. */
function keyOf({ item: { site, edge, id } }: Asked): string {
  return `${site}/${edge}/${id}`;
}
