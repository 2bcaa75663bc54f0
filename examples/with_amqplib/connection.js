// A connection that comes back: `work` is done again on each new one, until it returns.

const amqp = require("amqplib");

async function connected(url, work) {
  for (;;) {
    try {
      const connection = await amqp.connect(url);
      // Whoever waits for something on this connection must hear that nothing more will come.
      const lost = new Promise((_, reject) => connection.on("close", () => reject(new Error("lost"))));
      lost.catch(() => {});
      connection.on("error", () => {}); // "close" follows, and tells
      try {
        return await Promise.race([work(connection), lost]);
      } finally {
        await connection.close().catch(() => {});
      }
    } catch (error) {
      console.error(`Again in a second: ${error.message}`);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

module.exports = { connected };
