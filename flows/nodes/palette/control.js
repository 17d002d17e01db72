const load = require("../load.js");

module.exports = async (RED) => {
  const { controlNode } = await load("control-node");
  RED.nodes.registerType("meanet-control", controlNode(RED));
};
