const load = require("../load.js");

module.exports = async (RED) => {
  const { labelNode } = await load("label-node");
  RED.nodes.registerType("meanet-label", labelNode(RED));
};
