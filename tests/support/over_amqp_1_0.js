// Sends a command over AMQP 1.0 in one of the forms that its libraries offer: port, queue, form,
// body, reply queue. Ends well when the broker has taken it.
const rhea = require("rhea");

const [port, queue, form, body, replies] = process.argv.slice(2);
const { data_section, sequence_section } = rhea.message;
const data = data_section(Buffer.from(body));
const named = { "x-basic-type": "entity.Create" };
const command = JSON.parse(body);

const FORMS = {
  "as the page says": { body: data, message_annotations: named },
  "type as a property of the application": { body: data, application_properties: { type: "entity.Create" } },
  "its content type and encoding said": {
    body: data,
    message_annotations: named,
    content_type: "application/json",
    content_encoding: "utf-8",
  },
  "a time to live, a priority, not durable": {
    body: data,
    message_annotations: named,
    ttl: 60_000,
    priority: 9,
    durable: false,
  },
  "properties of all kinds": {
    body: data,
    message_annotations: named,
    application_properties: {
      "schema-version": rhea.types.wrap_int(1),
      "user-id": "ann",
      flag: true,
      price: 1.5,
      at: rhea.types.wrap_timestamp(Date.now()),
      big: rhea.types.wrap_ulong(7),
      nothing: null,
    },
  },
  "a uuid as its message id": { body: data, message_annotations: named, message_id: uuid() },
  "a number as its message id": {
    body: data,
    message_annotations: named,
    message_id: rhea.types.wrap_ulong(7),
  },
  "a string": { body, message_annotations: named },
  "a map": { body: command, message_annotations: named },
  "a sequence": { body: sequence_section([body]), message_annotations: named },
  "its type as subject": { body: data, subject: "entity.Create" },
};

function uuid() {
  return rhea.types.wrap_uuid(Buffer.from(command.command_id.replaceAll("-", ""), "hex"));
}

const connection = rhea.connect({ port, username: "guest", password: "guest", reconnect: false });
const sender = connection.open_sender({ target: `/queues/${queue}` });
sender.once("sendable", () => {
  sender.send({ correlation_id: "order 7", reply_to: replies, ...FORMS[form] });
});
sender.on("accepted", () => connection.close());
for (const trouble of ["rejected", "released", "modified", "sender_error"]) {
  sender.on(trouble, (context) => {
    console.error(trouble, context.sender.error ?? context.delivery?.remote_state);
    process.exit(1);
  });
}
for (const trouble of ["connection_error", "disconnected"]) {
  connection.on(trouble, (context) => {
    console.error(trouble, context.error ?? connection.error);
    process.exit(1);
  });
}
