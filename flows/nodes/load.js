const { existsSync } = require("node:fs");
const path = require("node:path");

// A workspace holds TypeScript, which Node runs as it is; but not below node_modules, so a package holds what src/build.ts made of it.
const sources = existsSync(path.join(__dirname, "src"));

/** @param {string} name of a module in `src/`, without its extension */
module.exports = (name) => import(sources ? `./src/${name}.ts` : `./lib/${name}.js`);
