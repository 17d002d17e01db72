/** Waits for `work`, `ms` at most or until `signal` aborts, and then aborts it. */
export async function within<T>(
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T | "expired"> {
  const controller = new AbortController();
  const expired = Promise.withResolvers<"expired">();
  const expire = () => {
    controller.abort();
    expired.resolve("expired");
  };
  const timer = setTimeout(expire, ms);
  signal?.addEventListener("abort", expire, { once: true });
  if (signal?.aborted === true) expire();
  try {
    return await Promise.race([work(controller.signal), expired.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", expire);
  }
}
