/**
 * A small web server for the demonstration: says its name, answers health checks, and can be stopped for a
 * while. Run by demo.ts: `node demo-server.ts NAME PORT`.
 */
import { createServer } from 'node:http';

const [name = 'app', port = '0'] = process.argv.slice(2);
/** How long `/stop` keeps it away. */
const AWAY_MS = 10_000;

const server = createServer((request, response) => {
  if (request.url === '/stop') {
    response.end(`${name} goes away for ${AWAY_MS / 1000} s\n`);
    server.close();
    server.closeAllConnections();
    setTimeout(() => server.listen(Number(port), '127.0.0.1'), AWAY_MS);
    return;
  }
  response.setHeader('content-type', 'text/plain');
  response.end(
    request.url === '/health' ? 'ok\n' : `Hello from ${name} (your address: ${request.headers['x-forwarded-for'] ?? 'unknown'})\n`,
  );
});
server.listen(Number(port), '127.0.0.1', () => process.send?.('listening'));
process.on('disconnect', () => process.exit(0));
