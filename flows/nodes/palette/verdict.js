const load = require("../load.js");

module.exports = async (RED) => {
  const { verdictNode } = await load("verdict-node");
  RED.nodes.registerType("meanet-verdict", verdictNode(RED));
};
