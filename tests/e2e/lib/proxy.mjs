// Stands between the browser and the collector: keeps every byte that passes, and can cut the line.
import http from 'node:http';

export class Proxy {
  #server;
  #target;
  #headers;
  #sockets = new Set();
  /** Everything the browser sent: {method, path, headers, body, status}. */
  requests = [];
  isDown = false;
  /** Whether answers are withheld: the request arrives, and its sender never learns of it. */
  isMute = false;

  /** `headers` stand on every request that passes, as those of a content network that says where the visitor is. */
  static async start(target, headers = {}) {
    const proxy = new Proxy();
    proxy.#target = new URL(target);
    proxy.#headers = headers;
    proxy.#server = http.createServer((request, response) => proxy.#pass(request, response));
    proxy.#server.on('connection', (socket) => {
      proxy.#sockets.add(socket);
      socket.on('close', () => proxy.#sockets.delete(socket));
      socket.on('error', () => {});
    });
    await new Promise((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    proxy.url = `http://127.0.0.1:${proxy.#server.address().port}`;
    return proxy;
  }

  /** Points at another collector (after a restart on another port). */
  retarget(url) {
    this.#target = new URL(url);
  }

  /** Cuts the line: every connection is reset, the SDK's files included. */
  down() {
    this.isDown = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  up() {
    this.isDown = false;
  }

  /** Batches that were answered with 202, parsed. */
  accepted() {
    return this.batches(({ status }) => status === 202);
  }

  /** Every batch that the browser sent, parsed; or those that were answered as `isWanted` says. */
  batches(isWanted = () => true) {
    return this.requests
      .filter((r) => r.method === 'POST' && r.path.startsWith('/v1/events') && isWanted(r))
      .map((r) => ({ ...JSON.parse(r.body.toString('utf8')), status: r.status }));
  }

  #pass(request, response) {
    if (this.isDown) {
      request.socket.resetAndDestroy();
      return;
    }
    const chunks = [];
    request.on('error', () => {});
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const record = { method: request.method, path: request.url, headers: request.headers, body, status: 0 };
      this.requests.push(record);
      const onward = http.request(
        {
          host: this.#target.hostname,
          port: this.#target.port,
          method: request.method,
          path: request.url,
          headers: { ...request.headers, 'x-forwarded-for': '203.0.113.7', ...this.#headers },
        },
        (answer) => {
          record.status = answer.statusCode;
          record.setCookie = answer.headers['set-cookie'];
          if (this.isMute) {
            answer.resume();
            return;
          }
          response.writeHead(answer.statusCode, answer.headers);
          answer.pipe(response);
        },
      );
      onward.on('error', () => request.socket.destroy());
      onward.end(body);
    });
  }

  async stop() {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
