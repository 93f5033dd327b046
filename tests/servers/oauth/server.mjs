/** An OAuth 2.0 server for systems, on the loopback address only: `node server.mjs SITE.json` with { clients, scopes, grants, life }. */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const site = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const realNow = Date.now;
let ahead = 0;
Date.now = () => realNow() + ahead;

function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: randomUUID() };
}

/** Every token is for the one FHIR server that it stands before; `grants` is what of the asked scopes is given. */
const resource = {
  scope: site.grants.join(' '), audience: 'fhir', accessTokenFormat: 'jwt', accessTokenTTL: site.life,
  jwt: { sign: { alg: 'RS256' } },
};

function provider(issuer) {
  const clients = site.clients.map((client) => ({
    grant_types: ['client_credentials'], redirect_uris: [], response_types: [], ...client,
  }));
  return new Provider(issuer, {
    clients,
    scopes: site.scopes,
    clientAuthMethods: ['private_key_jwt', 'client_secret_basic', 'client_secret_post'],
    enabledJWA: { clientAuthSigningAlgValues: ['ES384', 'RS384'] },
    jwks: { keys: [signingKey()] },
    cookies: { keys: [randomUUID()] },
    // The keys of our clients are on the loopback address here, which its own dispatcher refuses to reach.
    fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true, defaultResource: () => 'urn:fhir', useGrantedResource: () => true, getResourceServerInfo: () => resource,
      },
    },
  });
}

/** Tests move the clock instead of waiting: `PUT /clock/SECONDS` sets how far it is ahead, the header `Date` included. */
function moved(request, response) {
  ahead = Number(request.url.split('/').at(-1)) * 1000;
  response.writeHead(204).end();
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const answer = provider(issuer).callback();
  server.on('request', (request, response) => {
    response.setHeader('Date', new Date(Date.now()).toUTCString());
    (request.method === 'PUT' ? moved : answer)(request, response);
  });
  console.log(`ready ${issuer}`);
});
process.on('SIGTERM', () => process.exit(0));
