/** Serves Medplum's own FHIR router over memory, on the loopback address only: `node server.mjs PORT` (0: any free one). */
import { createServer } from 'node:http';
import { badRequest, getStatus, normalizeOperationOutcome, OperationOutcomeError } from '@medplum/core';
import { FhirRouter } from '@medplum/fhir-router';
import { loadDefinitions, Repository } from './repository.mjs';

const BASE = '/fhir/R4';
const FHIR_JSON = 'application/fhir+json; charset=utf-8';

loadDefinitions();
const repository = new Repository();
const router = new FhirRouter({ introspectionEnabled: true });
let lastWrite = Promise.resolve();

function capabilities() {
  const interaction = [{ code: 'transaction' }, { code: 'batch' }];
  return {
    resourceType: 'CapabilityStatement', status: 'active', kind: 'instance', date: new Date().toISOString(),
    fhirVersion: '4.0.1', format: ['json'], software: { name: 'Medplum fhir-router, in memory' },
    rest: [{ mode: 'server', interaction }],
  };
}

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new OperationOutcomeError(badRequest('The body is no JSON.'));
  }
}

async function answer(request) {
  const url = request.url.slice(BASE.length) || '/';
  // Nothing is to be read at the base itself, but people open its address.
  if (url.startsWith('/metadata') || (url === '/' && request.method === 'GET')) return [200, capabilities()];
  const body = await bodyOf(request);
  const work = () => router.handleRequest({
    method: request.method, url, pathname: '', body, params: {}, query: {}, headers: request.headers,
    config: { transactions: true },
  }, repository);
  if (request.method === 'GET') return outcomeOf(await work());
  const mine = lastWrite.then(work, work);
  lastWrite = mine.catch(() => undefined);
  return outcomeOf(await mine);
}

function outcomeOf([outcome, resource]) {
  return [getStatus(outcome), resource ?? outcome];
}

/** The full server links its pages; the memory repository leaves that to whoever serves it. */
function linkPages(request, bundle) {
  const url = new URL(request.url, `http://${request.headers.host}`);
  const count = Number(url.searchParams.get('_count') ?? NaN);
  const offset = Number(url.searchParams.get('_offset') ?? 0);
  bundle.link = [{ relation: 'self', url: url.href }];
  if (count > 0 && bundle.total > offset + count) {
    url.searchParams.set('_offset', String(offset + count));
    bundle.link.push({ relation: 'next', url: url.href });
  }
}

function headersFor(request, status, resource) {
  const headers = { 'Content-Type': FHIR_JSON };
  if (resource?.meta?.versionId) headers.ETag = `W/"${resource.meta.versionId}"`;
  if (resource?.id && status === 201) {
    headers.Location = `http://${request.headers.host}${BASE}/${resource.resourceType}/${resource.id}`;
  }
  return headers;
}

async function serve(request, response) {
  let status, resource;
  try {
    [status, resource] = request.url.startsWith(BASE) ? await answer(request) : [404, badRequest(`Outside ${BASE}.`)];
  } catch (error) {
    status = error instanceof OperationOutcomeError ? getStatus(error.outcome) : 500;
    resource = normalizeOperationOutcome(error);
  }
  if (request.method === 'GET' && resource?.type === 'searchset') linkPages(request, resource);
  response.writeHead(status, headersFor(request, status, resource));
  response.end(resource === undefined ? undefined : JSON.stringify(resource));
}

const server = createServer(serve);
server.keepAliveTimeout = 90_000;
server.on('error', (error) => {
  console.error(error.code === 'EADDRINUSE' ? 'port in use' : error.message);
  process.exit(1);
});
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  console.log(`ready http://127.0.0.1:${server.address().port}${BASE}`);
});
