import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { NOBODY, verifyPassword } from "@meanet/runtime/password";
import type { Middleware, SocketMiddleware } from "./guard.ts";

interface Login {
  readonly username: string;
  /** A hash. */
  readonly password: string;
}

interface EditorUser {
  readonly username: string;
  readonly permissions: "*";
}

/** Node-RED's `adminAuth`: the editor asks for name and password, and gets a token. */
export function editorUsers(login: Login): object {
  const user: EditorUser = { username: login.username, permissions: "*" };
  return {
    type: "credentials",
    users: (username: string) => Promise.resolve(username === login.username ? user : null),
    authenticate: async (username: string, password: string) =>
      (await fits(login, username, password)) ? user : null,
  };
}

const COOKIE = "meanet-flows";
const SESSION_MS = 7 * 24 * 60 * 60 * 1000;

export interface WebLogin {
  readonly middleware: Middleware;
  readonly socket: SocketMiddleware;
}

/**
 * Login of everything beside the editor: HTTP Basic once, then a signed cookie, since a browser does not send Basic
 * with every WebSocket and a check of the password takes 50 ms.
 *
 * @param secret - what the cookie's signature is made with, beside the password's hash: a new password ends all sessions
 */
export function webLogin(login: Login, secret: string): WebLogin {
  const sign = (expires: string) =>
    createHmac("sha256", `${secret}\n${login.username}\n${login.password}`)
      .update(expires)
      .digest("base64url");
  // One at a time: a check takes 16 MiB and a thread.
  let checks: Promise<unknown> = Promise.resolve();

  const hasSession = (headers: IncomingHttpHeaders): boolean => {
    const [expires = "", signature = ""] = cookieOf(headers)?.split(".") ?? [];
    const expected = Buffer.from(sign(expires));
    const actual = Buffer.from(signature);
    const genuine = actual.length === expected.length && timingSafeEqual(actual, expected);
    return genuine && Number(expires) > Date.now();
  };
  const hasPassword = (headers: IncomingHttpHeaders): Promise<boolean> => {
    const given = basicOf(headers);
    if (given === undefined) return Promise.resolve(false);
    // Who cannot be checked, for want of memory, is not let in.
    const check = checks.then(() => fits(login, given.username, given.password)).catch(() => false);
    checks = check;
    return check;
  };

  return {
    async middleware(request, response, next) {
      if (hasSession(request.headers)) return next();
      if (!(await hasPassword(request.headers))) {
        response.writeHead(401, { "WWW-Authenticate": 'Basic realm="MEANet", charset="UTF-8"' }).end();
        return;
      }
      const expires = String(Date.now() + SESSION_MS);
      const attributes = `Path=/; Max-Age=${SESSION_MS / 1000}; HttpOnly; SameSite=Strict`;
      response.appendHeader("Set-Cookie", `${COOKIE}=${expires}.${sign(expires)}; ${attributes}`);
      next();
    },
    async socket({ handshake: { headers } }, next) {
      if (hasSession(headers) || (await hasPassword(headers))) next();
      else next(new Error("login required"));
    },
  };
}

/** As long for a name that does not exist as for a wrong password. */
async function fits(login: Login, username: string, password: string): Promise<boolean> {
  const known = username === login.username;
  return (await verifyPassword(password, known ? login.password : NOBODY)) && known;
}

function basicOf(headers: IncomingHttpHeaders): { username: string; password: string } | undefined {
  const [, encoded] = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(headers.authorization ?? "") ?? [];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function cookieOf(headers: IncomingHttpHeaders): string | undefined {
  const pairs = (headers.cookie ?? "").split(";").map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1);
}
