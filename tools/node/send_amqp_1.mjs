// Sends messages by AMQP 1.0, as JSON describes them on standard input; prints what became of each.
import { readFileSync } from "node:fs";
import rhea from "rhea";

const { port, target, messages } = JSON.parse(readFileSync(0, "utf8"));
const BODIES = {
  data: (text) => rhea.message.data_section(Buffer.from(text)),
  value: (value) => value,
  sequence: (items) => rhea.message.sequence_section(items),
};
const IDS = {
  string: (text) => text,
  ulong: (number) => rhea.types.wrap_ulong(number),
  uuid: (text) => rhea.types.wrap_uuid(Buffer.from(text.replaceAll("-", ""), "hex")),
};

// What JSON has no form for is told by a pair: of the section or the type, and what is in it.
function message({ body: [section, content], message_id: id, ...others }) {
  return { ...others, ...(id && { message_id: IDS[id[0]](id[1]) }), body: BODIES[section](content) };
}

const connection = rhea.connect({ port, username: "guest", password: "guest", reconnect: false });
const sender = connection.open_sender(target);
const told = [];
sender.once("sendable", () => messages.forEach((described) => sender.send(message(described))));
for (const outcome of ["accepted", "rejected", "released"]) {
  sender.on(outcome, () => told.push(outcome) === messages.length && connection.close());
}
connection.on("connection_close", () => console.log(JSON.stringify(told)));
