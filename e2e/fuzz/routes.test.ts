import { expect, test } from 'vitest';
import { openHttp } from '../../server/http/fixtures/open-http.ts';
import { ROUTES } from './routes.ts';

/** `METHOD /url` of each line of Fastify's tree; a line goes on where the one that it hangs on ends. */
function routesIn(tree: string): string[] {
  const above: string[] = [];
  return [...tree.matchAll(/^([ │]*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?$/gm)].flatMap(
    ([, before = '', part = '', methods]) => {
      const depth = before.length / 4;
      const url = (above[depth - 1] ?? '').replace(/\/$/, part.startsWith('/') ? '' : '/') + part;
      above[depth] = url;
      return (methods ?? '').split(', ').map((method) => `${method} ${url.replace('/*', '*')}`);
    },
  );
}

test('each route of the server is fuzzed, and no other', async () => {
  const http = await openHttp();
  const tree = http.app.printRoutes({ commonPrefix: false });
  await http.close();
  const known = ROUTES.map(({ method, url }) => `${method} ${url}`);
  // HEAD follows from GET, and OPTIONS are the questions of browsers before a call.
  const found = routesIn(tree).filter((route) => !/^(HEAD|OPTIONS) /.test(route));
  expect(found.length).toBeGreaterThan(30);
  expect(found.toSorted()).toEqual(known.toSorted());
  expect(known).toEqual([...new Set(known)]);
});
