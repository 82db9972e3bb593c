// Serves the page's files as the daemon does, with the same security headers, and snapshots that the
// test makes up.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";

const TYPES = { html: "text/html; charset=utf-8", css: "text/css; charset=utf-8", js: "text/javascript; charset=utf-8" };
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'";

export class WallServer {
  #server;
  #streams = new Set();
  #id = 0;
  #etag = '"1"';
  #port = 0;
  #refuseWith = null;
  snapshot = null;

  /** `page`: the folder of the page's own files; `uplot`: the one of what comes from npm. */
  constructor({ page, uplot }) {
    this.page = page;
    this.uplot = uplot;
  }

  get address() {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** On the port that it had before, if it was started before. */
  async start() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    await new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#port, "127.0.0.1", resolve);
    });
    this.#port = this.#server.address().port;
  }

  /** As if killed: every connection breaks, and nobody listens any more. */
  async stop() {
    this.#streams.clear();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  /** Sends to all that read now, and to whoever comes later. */
  publish(snapshot) {
    this.snapshot = snapshot;
    const event = this.#event();
    for (const stream of this.#streams) stream.write(event);
  }

  /** From now on streams and snapshots are refused with this status; null: no longer. */
  refuseWith(status) {
    this.#refuseWith = status;
    for (const stream of this.#streams) stream.destroy();
    this.#streams.clear();
  }

  /** Another version of the page from now on. */
  set version(version) {
    this.#etag = `"${version}"`;
  }

  #event() {
    return `event: snapshot\nid: ${++this.#id}\ndata: ${JSON.stringify(this.snapshot)}\n\n`;
  }

  async #answer(request, response) {
    const { pathname } = new URL(request.url, this.address);
    response.setHeader("Content-Security-Policy", CSP);
    response.setHeader("X-Content-Type-Options", "nosniff");
    if (this.#refuseWith !== null && pathname.startsWith("/api/")) return void response.writeHead(this.#refuseWith).end();
    if (pathname === "/api/v1/stream") return this.#stream(response);
    if (pathname === "/api/v1/snapshot") {
      return void response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(this.snapshot));
    }
    const name = pathname === "/wall" ? "index.html" : /^\/wall\/([\w.]+)$/.exec(pathname)?.[1];
    if (name === undefined) return void response.writeHead(404).end();
    try {
      const body = await readFile(join(name.startsWith("uPlot.") ? this.uplot : this.page, name));
      response.writeHead(200, { "Content-Type": TYPES[name.split(".").at(-1)] ?? "text/plain", ETag: this.#etag, "Cache-Control": "no-cache" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  }

  #stream(response) {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.flushHeaders();
    this.#streams.add(response);
    response.on("close", () => this.#streams.delete(response));
    if (this.snapshot !== null) response.write(this.#event());
  }
}
