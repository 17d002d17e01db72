/**
 * Sees to it that the servers and data the tests use are there: installs what is missing from Debian when it may,
 * else names the command that does.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";

const needed = [
  { package: "mosquitto", provides: "/usr/sbin/mosquitto" },
  { package: "mosquitto-clients", provides: "/usr/bin/mosquitto_pub" },
  { package: "influxdb", provides: "/usr/bin/influxd" },
  // Its SwiftShader library is a Vulkan device in software: the WebGPU provider is tested on it.
  { package: "chromium", provides: "/usr/lib/chromium/vk_swiftshader_icd.json" },
  // promtool: judges the metrics and runs the alert rules.
  { package: "prometheus", provides: "/usr/bin/promtool" },
  { package: "ffmpeg", provides: "/usr/bin/ffmpeg" },
  { package: "openssl", provides: "/usr/bin/openssl" },
  // systemd-analyze: judges the units. It needs no systemd that runs.
  { package: "systemd", provides: "/usr/bin/systemd-analyze" },
  { package: "dataset-fashion-mnist", provides: "/usr/share/datasets/fashion-mnist" },
];

const missing = needed.filter(({ provides }) => !existsSync(provides)).map((entry) => entry.package);

if (missing.length > 0) {
  const command = `apt-get install -y ${missing.join(" ")}`;
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    console.error(`The tests use real servers and data, and these are missing: ${missing.join(", ")}.`);
    console.error(`Install them with: sudo ${command}`);
    process.exit(1);
  }
  console.log(`Installing what the tests use: ${missing.join(", ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  execFileSync("apt-get", ["update", "-qq"], { stdio: "inherit", env });
  execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], {
    stdio: "inherit",
    env,
  });
}
