// Publishes commands from an outbox of its own: a folder, in which each command is a file until the
// broker has confirmed it. What was sent and not confirmed is sent again, and applied once.
//
//     node publisher.js AMQP_URL COMPONENT FOLDER COMMANDS

const { randomUUID } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const { connected } = require("./connection.js");

function put(folder, type, content) {
  const command = { type, body: { command_id: randomUUID(), ...content } };
  const file = path.join(folder, `${Date.now()}-${command.body.command_id}`);
  fs.writeFileSync(`${file}.new`, JSON.stringify(command));
  fs.renameSync(`${file}.new`, `${file}.json`); // half a command is never seen
}

function waiting(folder) {
  return fs.readdirSync(folder).filter((name) => name.endsWith(".json")).sort();
}

async function sendAll(connection, queue, folder) {
  const channel = await connection.createConfirmChannel();
  const returned = new Set(); // a confirm comes all the same, so we must look here
  channel.on("return", (message) => returned.add(message.properties.messageId));
  await Promise.all(waiting(folder).map((name) => send(channel, queue, path.join(folder, name), returned)));
  if (returned.size) throw new Error(`there is no queue ${queue}`);
}

function send(channel, queue, file, returned) {
  const { type, body } = JSON.parse(fs.readFileSync(file));
  const options = { type, messageId: body.command_id, contentType: "application/json", persistent: true, mandatory: true };
  return new Promise((resolve, reject) => {
    channel.publish("", queue, Buffer.from(JSON.stringify(body)), options, (error) => {
      if (error) return reject(error);
      if (!returned.has(body.command_id)) fs.unlinkSync(file);
      resolve();
    });
  });
}

async function main(url, component, folder, number) {
  fs.mkdirSync(folder, { recursive: true });
  for (let i = 0; i < Number(number); i++) put(folder, "entity.Create", { entity_id: randomUUID() });
  await connected(url, (connection) => sendAll(connection, `${component}.commands`, folder));
}

main(...process.argv.slice(2));
