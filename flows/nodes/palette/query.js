const load = require("../load.js");

module.exports = async (RED) => {
  const { queryNode } = await load("query-node");
  RED.nodes.registerType("meanet-query", queryNode(RED));
};
