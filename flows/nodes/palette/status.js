const load = require("../load.js");

module.exports = async (RED) => {
  const { statusNode } = await load("status-node");
  RED.nodes.registerType("meanet-status", statusNode(RED));
};
