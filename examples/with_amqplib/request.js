// Sends commands and waits for the outcome of each. Who hears nothing asks again under the same
// command_id: it is applied once, and its outcome is sent to whoever asks.
//
//     node request.js AMQP_URL COMPONENT COMMANDS

const { randomUUID } = require("node:crypto");
const { connected } = require("./connection.js");

const PATIENCE = 5000; // milliseconds until we ask again

async function request(channel, queue, replies, type, body) {
  const options = { type, replyTo: replies.queue, correlationId: body.command_id, mandatory: true };
  const outcome = new Promise((resolve) => replies.waiting.set(body.command_id, resolve));
  const ask = () => channel.publish("", queue, Buffer.from(JSON.stringify(body)), options);
  const again = setInterval(ask, PATIENCE);
  ask();
  try {
    return await outcome;
  } finally {
    clearInterval(again);
  }
}

async function replyQueue(channel) {
  const waiting = new Map(); // by command_id; a second copy of an outcome finds nobody
  const { queue } = await channel.assertQueue("", { exclusive: true });
  await channel.consume(queue, (message) => {
    if (message === null) return; // the queue is gone, and the connection soon
    const { correlationId, type } = message.properties;
    waiting.get(correlationId)?.({ type, body: JSON.parse(message.content) });
    waiting.delete(correlationId);
  }, { noAck: true });
  return { queue, waiting };
}

async function main(url, component, number) {
  const bodies = Array.from({ length: Number(number) }, () => ({ command_id: randomUUID(), entity_id: randomUUID() }));
  const open = new Map(bodies.map((body) => [body.command_id, body]));
  await connected(url, async (connection) => {
    const channel = await connection.createChannel();
    const replies = await replyQueue(channel);
    await Promise.all([...open.values()].map(async (body) => {
      const outcome = await request(channel, `${component}.commands`, replies, "entity.Create", body);
      open.delete(body.command_id);
      console.log(outcome.type, body.command_id);
    }));
  });
}

main(...process.argv.slice(2));
