export { isMeanetError, MeanetError } from "./error.ts";
export { type Actor, type ErrorCode, errorCodes } from "./error-codes.ts";
