/**
 * The release that a server says it is of: `1.6.7`, `v2.7.6`, `3.9.1`.
 *
 * @param url - of the server, or of anything on it
 * @returns undefined when it cannot be reached, is no InfluxDB, or tells it only to those it knows
 */
export async function serverVersion(url: string, timeoutMs: number): Promise<string | undefined> {
  try {
    const response = await fetch(new URL("/ping", url), { signal: AbortSignal.timeout(timeoutMs) });
    await response.body?.cancel();
    return response.headers.get("x-influxdb-version") ?? undefined;
  } catch {
    return undefined;
  }
}
