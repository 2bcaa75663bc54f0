// Takes every event once and in the order of its aggregate's versions, whatever is repeated or early.
// What it knows is in a file here; in your program it is in the database that the events change.
//
//     node subscriber.js AMQP_URL COMPONENT QUEUE FILE

const fs = require("node:fs");
const { connected } = require("./connection.js");

function load(file) {
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file)) : { last: {}, early: {}, heard: {} };
}

function save(file, known) {
  fs.writeFileSync(`${file}.new`, JSON.stringify(known));
  fs.renameSync(`${file}.new`, file);
}

// Return the events that have their turn now: none, this one, or this one and those that waited for it.
function inTurn(known, { properties, content }) {
  const { type, messageId, headers } = properties;
  const event = { type, id: messageId, version: headers["aggregate-version"], body: JSON.parse(content) };
  if (event.version === undefined) { // CommandRejected and CommandFailed belong to no aggregate
    if (known.heard[event.id]) return [];
    known.heard[event.id] = true;
    return [event];
  }
  const aggregate = headers["aggregate-id"];
  const next = () => (known.last[aggregate] ?? 0) + 1;
  if (event.version < next()) return []; // a repeat
  const early = (known.early[aggregate] ??= {});
  early[event.version] = event;
  const events = [];
  while (early[next()]) {
    events.push(early[next()]);
    known.last[aggregate] = next();
    delete early[known.last[aggregate]];
  }
  if (Object.keys(early).length) console.error(`A gap: ${aggregate} has no version ${next()} yet`);
  return events;
}

async function subscribe(connection, exchange, queue, file, apply) {
  const known = load(file);
  const channel = await connection.createChannel();
  await channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": "quorum" } });
  await channel.bindQueue(queue, exchange, "");
  await channel.prefetch(100);
  await channel.consume(queue, (message) => {
    if (message === null) return;
    inTurn(known, message).forEach(apply);
    save(file, known); // first this, then the acknowledgement
    channel.ack(message);
  });
  await new Promise(() => {}); // until the connection is lost
}

const [url, component, queue, file] = process.argv.slice(2);
const tell = (event) => console.log(event.type, event.body.entity_id ?? event.body.command_id, event.version ?? "-");
connected(url, (connection) => subscribe(connection, `${component}.events`, queue, file, tell));
