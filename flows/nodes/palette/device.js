const load = require("../load.js");

module.exports = async (RED) => {
  const { deviceNode } = await load("device-node");
  RED.nodes.registerType("meanet-device", deviceNode(RED));
};
