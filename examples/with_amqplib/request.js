// Sends commands and waits for the outcome of each. Who hears nothing asks again under the same
// command_id: the command is applied once, and its outcome is sent to whoever asks.
//
//     node request.js AMQP_URL COMPONENT COMMANDS

const { randomUUID } = require("node:crypto");
const { connected } = require("./connection.js");

const PATIENCE = 30_000; // milliseconds until we ask again; at once where the connection was lost

class Requests {
  open = new Map(); // by command_id; a second copy of an outcome finds nobody
  send = () => {}; // without a connection; what is open is sent on the next one

  constructor(queue) {
    this.queue = queue;
  }

  request(type, body) {
    return new Promise((resolve) => {
      this.open.set(body.command_id, { type, body, resolve });
      this.send(this.open.get(body.command_id));
    });
  }

  async serve(connection) {
    const channel = await connection.createChannel();
    const { queue: replyTo } = await channel.assertQueue("", { exclusive: true });
    await channel.consume(replyTo, (message) => message && this.take(message), { noAck: true });
    this.send = ({ type, body }) => {
      const options = { type, replyTo, correlationId: body.command_id, mandatory: true };
      channel.publish("", this.queue, Buffer.from(JSON.stringify(body)), options);
    };
    const sendAll = () => this.open.forEach((asked) => this.send(asked));
    sendAll();
    const again = setInterval(sendAll, PATIENCE);
    await new Promise((resolve) => channel.on("close", resolve));
    clearInterval(again);
    this.send = () => {};
    throw new Error("the channel was closed");
  }

  take({ properties: { correlationId, type }, content }) {
    const asked = this.open.get(correlationId);
    this.open.delete(correlationId);
    asked?.resolve({ type, body: JSON.parse(content) });
  }
}

async function main(url, component, number) {
  const requests = new Requests(`${component}.commands`);
  connected(url, (connection) => requests.serve(connection));
  await Promise.all(Array.from({ length: Number(number) }, async () => {
    const body = { command_id: randomUUID(), entity_id: randomUUID() };
    const outcome = await requests.request("entity.Create", body);
    console.log(outcome.type, outcome.body.command_id);
  }));
  process.exit();
}

main(...process.argv.slice(2));
