import { type Browser, chromium, type Page } from "playwright-core";

const EXECUTABLE = "/usr/bin/chromium";
/** Of anything the browser does; only one that hangs takes so long. */
const PATIENCE_MS = 300_000;

/** A page, and what went wrong on it. */
export interface WatchedPage {
  readonly page: Page;
  /** Requests of other hosts than the one under test. */
  readonly outside: readonly string[];
  /** Errors of scripts, and what a policy or the network refused. */
  readonly errors: readonly string[];
}

/** Debian's Chromium without a screen. */
export async function openBrowser(): Promise<Browser> {
  try {
    return await chromium.launch({
      executablePath: EXECUTABLE,
      args: ["--no-sandbox"],
      timeout: PATIENCE_MS,
    });
  } catch (cause) {
    throw new Error("this test needs Chromium: sudo apt-get install chromium", { cause });
  }
}

/** @param origin - the server under test */
export async function openPage(browser: Browser, origin: string): Promise<WatchedPage> {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const outside: string[] = [];
  const errors: string[] = [];
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !/^(blob|data):/.test(url)) outside.push(url);
  });
  page.on("console", (message) => {
    // A machine that stands still for a while loses sockets; the dashboard opens new ones, and it and Chromium call that an error.
    const isSocket =
      message.location().url.includes("/socket.io/") || message.text().startsWith("SIO connect error");
    if (message.type() === "error" && !isSocket) errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(error.message));
  return { page, outside, errors };
}
