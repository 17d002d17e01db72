const load = require("../load.js");

module.exports = async (RED) => {
  const { trainingNode } = await load("training-node");
  RED.nodes.registerType("meanet-training", trainingNode(RED));
};
