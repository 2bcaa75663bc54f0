// Reads an AsyncAPI document from standard input; prints what the official parser has against it.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(readFileSync(0, "utf8"));
const told = diagnostics.filter(({ code }) => code !== "asyncapi-latest-version"); // 3.0 is meant
for (const { path, message } of told) console.log(`${path.join("/")}: ${message}`);
process.exitCode = document && !told.length ? 0 : 1;
