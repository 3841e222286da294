// A web server that says who it is: one of the three behind Hawser in this example.
import { createServer } from 'node:http';

const name = process.env.NAME ?? 'web';
const port = Number(process.env.PORT ?? 5001);

const server = createServer((request, response) => {
  const text = request.url === '/status' ? 'ok\n' : `${name} answers ${request.method} ${request.url}\n`;
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(text) });
  response.end(text);
});
server.listen(port);
process.on('SIGTERM', () => server.close(() => process.exit(0)));
