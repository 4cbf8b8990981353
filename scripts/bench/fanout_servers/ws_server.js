// One of the peers of fanout.py: `node ws_server.js WS FD BYTES` serves the listening socket FD with the package in the
// folder WS, and sends the same text to all, four times a second. It begins with the time, in nanoseconds, 20 digits.
'use strict';

const {createServer} = require('node:http');

const [packageFolder, fd, bytes] = process.argv.slice(2);
const {WebSocketServer, WebSocket} = require(packageFolder);
const TICK_NS = 250_000_000n;

const server = createServer();
const sockets = new WebSocketServer({server, perMessageDeflate: false});
sockets.on('connection', (socket) => socket.on('error', () => {}));
server.listen({fd: Number(fd), backlog: 2048});

const now = () => process.hrtime.bigint();
let tick = now() / TICK_NS;

function next() {
  tick = tick + 1n < now() / TICK_NS ? now() / TICK_NS + 1n : tick + 1n;
  setTimeout(send, Math.max(0, Number(tick * TICK_NS - now()) / 1e6));
}

function send() {
  const text = Buffer.from(String(now()).padStart(20, '0').padEnd(Number(bytes), 'x'));
  for (const socket of sockets.clients) {
    if (socket.readyState === WebSocket.OPEN) socket.send(text, {binary: false});
  }
  next();
}

next();
