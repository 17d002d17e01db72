/** One line to standard error, with the seconds since the start. */
export function progress(text: string): void {
  console.error(`${process.uptime().toFixed(0).padStart(4)} s  ${text}`);
}
