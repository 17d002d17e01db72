/**
 * The release that a server reports: `1.6.7`, `v2.7.6`, `3.9.1`.
 *
 * @param url - of the server, or of anything on it
 * @returns undefined when it cannot be reached, is no InfluxDB, or reports it only to authenticated users
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
