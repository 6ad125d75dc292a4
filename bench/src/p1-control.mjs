// The control of P1: bare Fastify, the same schema check, the same kind of token check, as many durable puts of as many bytes.
import { createHash, randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import fastify from 'fastify';
import { generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';

const { open } = createRequire(import.meta.url)('lmdb');
const { directory, schema, bytes } = JSON.parse(process.argv[2]);

const root = open(directory, { encoding: 'binary', overlappingSync: false });
const table = root.openDB('log', { encoding: 'binary', keyEncoding: 'uint32' });
let key = 0;

const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
const token = await new SignJWT({ tenant: 'ten_1', role: 'provider', jti: randomUUID() })
  .setProtectedHeader({ alg: 'EdDSA' })
  .setIssuer('souk')
  .setAudience('souk')
  .setSubject('usr_1')
  .setIssuedAt()
  .setExpirationTime('1h')
  .sign(privateKey);

const verified = new LRUCache({ max: 10_000 });
async function principalOf(header) {
  const given = header?.slice('Bearer '.length) ?? '';
  const digest = createHash('sha256').update(given).digest('base64');
  const known = verified.get(digest);
  if (known && known.exp * 1000 > Date.now()) return known;
  const { payload } = await jwtVerify(given, publicKey, { issuer: 'souk', audience: 'souk' });
  verified.set(digest, payload);
  return payload;
}

const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);
const server = fastify({ bodyLimit: 1024 * 1024 });
server.post('/v1/apps', async (request, reply) => {
  const principal = await principalOf(request.headers.authorization);
  if (principal.role !== 'provider') return reply.code(403).send();
  if (!validate(request.body)) return reply.code(422).send(validate.errors);
  for (const size of bytes) {
    const record = Buffer.alloc(size);
    record.write(JSON.stringify(request.body));
    await table.put(key++, record);
  }
  return reply.code(201).send({ appId: `app_${key}`, name: request.body.name, status: 'created' });
});
const url = await server.listen({ port: 0, host: '127.0.0.1' });
console.log(JSON.stringify({ url, token }));
process.once('SIGTERM', async () => {
  await server.close();
  await root.close();
  process.exit(0);
});
