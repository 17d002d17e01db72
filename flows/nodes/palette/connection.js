const load = require("../load.js");

module.exports = async (RED) => {
  const { connectionNode, serveQueries } = await load("connection-node");
  RED.nodes.registerType("meanet-connection", connectionNode(RED), {
    credentials: { user: { type: "text" }, password: { type: "password" } },
  });
  serveQueries(RED);
};
