import { MeanetError } from "@meanet/runtime";
import { type Observable, repeat, retry, throwError, timeout, timer } from "rxjs";

/** Between two attempts to open an input that gives no picture. */
const MAX_WAIT_MS = 30_000;

export interface FramesOptions {
  /** False for an input that is there once, such as standard input: its end completes the frames, its failure fails them. */
  readonly isReopened: boolean;
  /** Without a picture for so long, the input is opened again. */
  readonly silenceMs: number;
  /** Wait before it is opened again; doubles while it fails. */
  readonly reopenAfterMs: number;
  /** `error` is undefined where the input came to its end, as a file does. */
  readonly onReopen: (error: unknown, waitMs: number) => void;
}

/** The pictures of an input, which is opened again whenever it ends, fails or falls silent. */
export function framesFrom(
  pictures: Observable<Buffer>,
  { isReopened, silenceMs, reopenAfterMs, onReopen }: FramesOptions,
): Observable<Buffer> {
  const text = `no picture for ${silenceMs} ms: check the camera and the way to it`;
  const silent = () => throwError(() => new MeanetError("CAMERA_FAILED", text, { silenceMs }));
  const once = pictures.pipe(timeout({ each: silenceMs, with: silent }));
  if (!isReopened) return once;
  return once.pipe(
    retry({
      resetOnSuccess: true,
      delay(error, attempt) {
        const waitMs = Math.min(reopenAfterMs * 2 ** (attempt - 1), MAX_WAIT_MS);
        onReopen(error, waitMs);
        return timer(waitMs);
      },
    }),
    repeat({
      delay() {
        onReopen(undefined, reopenAfterMs);
        return timer(reopenAfterMs);
      },
    }),
  );
}
