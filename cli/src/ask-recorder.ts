import { type ErrorCode, errorCodes, MeanetError } from "@meanet/runtime";
import { z } from "zod";

const TIMEOUT_MS = 30_000;

/** Settings of a command that asks for what is recorded: where it stands. */
export const recordedSettings = {
  store: z
    .string()
    .default(".meanet/up/recorder/recorder.sqlite")
    .describe("database of the recorder; it may be at work"),
  recorder: z.string().optional().describe("ask the recorder at this URL instead, http://host:port"),
};

/**
 * What a recorder answers over HTTP.
 *
 * @param recorder - its URL, `http://127.0.0.1:8082`
 * @param path - begins with a slash
 * @param options - of the path's query; undefined ones are left out
 * @throws {MeanetError} RECORDER_UNREACHABLE, or what the recorder says
 */
export async function askRecorder(
  recorder: string,
  path: string,
  options: Readonly<Record<string, string | undefined>>,
): Promise<unknown> {
  const given = Object.entries(options).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const url = `${recorder.replace(/\/$/, "")}${path}?${new URLSearchParams(given).toString()}`;
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    body = await response.json();
  } catch (cause) {
    throw new MeanetError(
      "RECORDER_UNREACHABLE",
      `no answer from the recorder at ${recorder}: check that it runs, and the URL, such as http://127.0.0.1:8082`,
      { recorder },
      { cause },
    );
  }
  if (response.ok) return body;
  const { error, reason } = (body ?? {}) as { error?: unknown; reason?: unknown };
  throw new MeanetError(
    isErrorCode(error) ? error : "RECORDER_UNREACHABLE",
    typeof reason === "string"
      ? reason
      : `the recorder at ${recorder} answered with status ${response.status}`,
    { recorder, path },
  );
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(errorCodes, code);
}
