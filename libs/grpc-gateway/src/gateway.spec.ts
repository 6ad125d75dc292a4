import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { loadSync, type MethodDefinition, type ServiceDefinition } from '@grpc/proto-loader';
import { problemOf } from '@souk/rpc';
import { service as healthDefinition } from 'grpc-health-check';
import { FileDescriptorProto, type IFileDescriptorProto } from 'protobufjs/ext/descriptor';
import { type GrpcGatewayOptions, type RunningGrpcGateway, serveGrpc } from './gateway';
import { InProcessBackend } from './in-process.backend';
import { loadPublicApi } from './public-api';

const { methods } = loadPublicApi();

describe('A gateway', () => {
  let server: Server;
  let backend: InProcessBackend;
  let gateway: RunningGrpcGateway;
  let client: Client;
  let handle: (request: IncomingMessage, response: ServerResponse) => void;
  const troubles: unknown[] = [];

  const open = async (options: Partial<GrpcGatewayOptions> = {}): Promise<void> => {
    server = createServer((request, response) => {
      handle(request, response);
    });
    backend = new InProcessBackend(server);
    troubles.length = 0;
    const onTrouble = (trouble: unknown): unknown => troubles.push(trouble);
    gateway = await serveGrpc({ backend, host: '127.0.0.1', port: 0, onTrouble, ...options });
    client = new Client(gateway.address, credentials.createInsecure());
  };
  afterEach(async () => {
    client.close();
    await gateway.close();
    backend.close();
    server.closeAllConnections();
  });

  const method = (name: string) => methods.find((known) => known.name === name)!;
  const start = (name: string, request: object, deadlineMs?: number) => {
    const { service, request: asked, response } = method(name);
    const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    let answered: (error: ServiceError | null, message?: object) => void = () => undefined;
    const answer = new Promise<object>((resolve, reject) => {
      answered = (error, message) => {
        if (error) reject(error);
        else resolve(message!);
      };
    });
    const call = client.makeUnaryRequest(
      `/${service}/${name}`,
      (message: object) => Buffer.from(asked.encode(message).finish()),
      (bytes) => response.toObject(response.decode(bytes)),
      request,
      options,
      (error: ServiceError | null, message?: object) => {
        answered(error, message);
      },
    );
    return { call, answer };
  };
  const watch = () => {
    const { service, name, request, response } = method('WatchOperation');
    return client.makeServerStreamRequest(
      `/${service}/${name}`,
      (message: object) => Buffer.from(request.encode(message).finish()),
      (bytes: Buffer) => response.toObject(response.decode(bytes)),
      { operation_id: 'o' },
    );
  };
  const failure = (call: { answer: Promise<object> }): Promise<ServiceError> =>
    call.answer.then(
      () => {
        throw new Error('the call has succeeded');
      },
      (error: unknown) => error as ServiceError,
    );
  const json = (response: ServerResponse, body: object, code = 200): void => {
    response.writeHead(code, { 'content-type': code < 400 ? 'application/json' : 'application/problem+json' });
    response.end(JSON.stringify(body));
  };

  it('lets go of a request when the time of its call is over', async () => {
    await open();
    handle = (_request, response) => json(response, {});
    await start('GetApp', { app_id: 'a' }).answer;
    const closed = new Promise<void>((resolve) => {
      handle = (_request, response) => response.once('close', resolve);
    });
    const error = await failure(start('GetApp', { app_id: 'a' }, 1_000));
    expect(error.code).toBe(status.DEADLINE_EXCEEDED);
    await closed;
    expect(troubles).toEqual([]);
  });

  it('lets go of a request whose call was cancelled', async () => {
    await open();
    let arrived: () => void;
    const asked = new Promise<void>((resolve) => (arrived = resolve));
    const closed = new Promise<void>((resolve) => {
      handle = (_request, response) => {
        response.once('close', resolve);
        arrived();
      };
    });
    const started = start('GetApp', { app_id: 'a' });
    await asked;
    started.call.cancel();
    expect((await failure(started)).code).toBe(status.CANCELLED);
    await closed;
  });

  it('lets go of a stream whose reader has gone', async () => {
    await open();
    const closed = new Promise<void>((resolve) => {
      handle = (_request, response) => {
        response.once('close', resolve);
        response
          .writeHead(200, { 'content-type': 'text/event-stream' })
          .write('id: x\nevent: NodeApplied\ndata: {"at":"now"}\n\n');
      };
    });
    const stream = watch();
    stream.on('error', () => undefined);
    expect((await once(stream, 'data'))[0]).toEqual({ position: 'x', type: 'NodeApplied', at: 'now' });
    stream.cancel();
    await closed;
  });

  it('lets in no more streams than there is room for, and others when one has ended', async () => {
    await open({ maxStreams: 1 });
    const answers: ServerResponse[] = [];
    handle = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('id: x\nevent: NodeApplied\ndata: {"at":"now"}\n\n');
      answers.push(response);
    };
    const first = watch();
    await once(first, 'data');
    const [refused] = (await once(watch(), 'error')) as [ServiceError];
    expect([refused.code, problemOf(refused)?.code]).toEqual([status.RESOURCE_EXHAUSTED, 'too-many-requests']);
    const ended = once(first, 'end');
    first.resume();
    answers[0]!.end();
    await ended;
    const third = watch();
    third.on('error', () => undefined);
    await once(third, 'data');
    third.cancel();
  });

  it('ends streams when it stops, so that their readers go on elsewhere, and lets calls finish', async () => {
    await open();
    let finish: () => void = () => undefined;
    let begun: () => void = () => undefined;
    const isAsked = new Promise<void>((resolve) => (begun = resolve));
    handle = (request, response) => {
      if (request.url!.endsWith('/events')) {
        response
          .writeHead(200, { 'content-type': 'text/event-stream' })
          .write('id: x\nevent: NodeApplied\ndata: {"at":"now"}\n\n');
        return;
      }
      finish = () => json(response, { tenantId: 't', name: 'n', createdAt: 'now' });
      begun();
    };
    const stream = watch();
    await once(stream, 'data');
    const ended = once(stream, 'error');
    stream.resume();
    const call = start('GetTenant', { tenant_id: 't' });
    await isAsked;
    const closing = gateway.close();
    expect(((await ended) as [ServiceError])[0].code).toBe(status.UNAVAILABLE);
    finish();
    expect(await call.answer).toEqual({ tenant_id: 't', name: 'n', created_at: 'now' });
    await closing;
  });

  it('tells a stream that is cut off from one that has ended', async () => {
    await open();
    handle = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('id: x\ndata: {"type":"a","at":"now"}\n\n', () => {
        response.destroy();
      });
    };
    const stream = watch();
    stream.resume();
    const [error] = (await once(stream, 'error')) as [ServiceError];
    expect(error.code).toBe(status.UNAVAILABLE);
  });

  it('answers for an API that can not be asked, or whose answer does not fit, and tells the log why', async () => {
    await open();
    handle = (_request, response) => response.destroy();
    expect((await failure(start('GetTenant', { tenant_id: 't' }))).code).toBe(status.UNAVAILABLE);
    handle = (_request, response) => json(response, { tenantId: 7 });
    expect((await failure(start('GetTenant', { tenant_id: 't' }))).code).toBe(status.INTERNAL);
    handle = (_request, response) => response.end('<html>');
    expect((await failure(start('GetTenant', { tenant_id: 't' }))).code).toBe(status.INTERNAL);
    handle = (_request, response) => response.writeHead(502).end('<html>');
    expect(problemOf(await failure(start('GetTenant', { tenant_id: 't' })))).toMatchObject({ status: 502, code: 'bad-gateway' });
    expect(troubles).toHaveLength(3);
    expect(troubles[0]).toMatchObject({ method: 'souk.authorization.v1.AuthorizationService/GetTenant' });
  });

  it('says when to try again', async () => {
    await open();
    handle = (_request, response) => {
      response.setHeader('retry-after', '3');
      json(response, { status: 503, code: 'read-model-behind', detail: 'later', title: '', type: '', instance: '' }, 503);
    };
    const error = await failure(start('GetTenant', { tenant_id: 't' }));
    expect([error.code, error.metadata.get('retry-after')]).toEqual([status.UNAVAILABLE, ['3']]);
  });

  it('takes no message of more than 4 MB', async () => {
    await open();
    handle = (_request, response) => json(response, {});
    const error = await failure(start('GetTenant', { tenant_id: 't'.repeat(4 * 1024 * 1024) }));
    expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('refuses bytes that are no message', async () => {
    await open();
    const { service, name } = method('GetTenant');
    const send = (): Buffer => Buffer.from([0xff, 0xff, 0xff]);
    const error = await new Promise<ServiceError | null>((resolve) => {
      client.makeUnaryRequest(
        `/${service}/${name}`,
        send,
        (bytes) => bytes,
        {},
        (problem: ServiceError | null) => {
          resolve(problem);
        },
      );
    });
    expect(error?.code).toBe(status.INTERNAL);
  });

  describe('asked for its health', () => {
    const health = healthDefinition as ServiceDefinition;
    const check = (service: string) => {
      const { path, requestSerialize, responseDeserialize } = health['Check'] as MethodDefinition<object, object>;
      return new Promise<object>((resolve, reject) => {
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          { service },
          (error: ServiceError | null, answer?: object) => {
            if (error) reject(error);
            else resolve(answer!);
          },
        );
      });
    };

    it('says what /health/ready says, for every service that it has', async () => {
      await open();
      const paths = new Set<string | undefined>();
      handle = (request, response) => {
        paths.add(request.url);
        json(response, {});
      };
      expect(await check('')).toEqual({ status: 'SERVING' });
      expect(await check('souk.audit.v1.AuditService')).toEqual({ status: 'SERVING' });
      handle = (_request, response) => json(response, {}, 503);
      expect(await check('')).toEqual({ status: 'NOT_SERVING' });
      await expect(check('other')).rejects.toMatchObject({ code: status.NOT_FOUND });
      expect([...paths]).toEqual(['/health/ready']);
    });

    it('tells those who watch when it stops', async () => {
      await open();
      handle = (_request, response) => json(response, {});
      const { path, requestSerialize, responseDeserialize } = health['Watch'] as MethodDefinition<object, object>;
      const told: unknown[] = [];
      const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service: '' });
      const ended = once(stream, 'end');
      await new Promise<void>((resolve) => {
        stream.on('data', (message: unknown) => {
          told.push(message);
          resolve();
        });
      });
      await gateway.close();
      await ended;
      expect(told).toEqual([{ status: 'SERVING' }, { status: 'NOT_SERVING' }]);
    });
  });

  const canMakeKeys = spawnSync('openssl', ['version']).status === 0;
  if (!canMakeKeys) console.info('gRPC over TLS is not tried: this machine has no openssl to make a certificate');
  (canMakeKeys ? it : it.skip)('speaks TLS with a certificate, and nothing else then', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'souk-tls-'));
    const [key, cert] = ['key.pem', 'cert.pem'].map((file) => join(folder, file)) as [string, string];
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
    spawnSync('openssl', [
      ...made,
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=DNS:localhost',
      '-keyout',
      key,
      '-out',
      cert,
    ]);
    const tls = { cert: readFileSync(cert), key: readFileSync(key) };
    rmSync(folder, { recursive: true });
    await open({ tls });
    handle = (_request, response) => json(response, { tenantId: 't', name: 'n', createdAt: 'now' });
    expect((await failure(start('GetTenant', { tenant_id: 't' }))).code).toBe(status.UNAVAILABLE);
    client.close();
    client = new Client(gateway.address, credentials.createSsl(tls.cert), { 'grpc.ssl_target_name_override': 'localhost' });
    expect(await start('GetTenant', { tenant_id: 't' }).answer).toMatchObject({ name: 'n' });
  });

  it('does not start on a port that is taken', async () => {
    await open();
    await expect(serveGrpc({ backend, host: '127.0.0.1', port: gateway.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('tells tools that have no proto files what it serves, file by file with all that it imports', async () => {
    await open();
    const path = join(require.resolve('@grpc/reflection'), '../../proto/grpc/reflection/v1/reflection.proto');
    const loaded = loadSync(path, { keepCase: true })['grpc.reflection.v1.ServerReflection'] as ServiceDefinition;
    const info = loaded['ServerReflectionInfo'] as MethodDefinition<object, Reflected>;
    const stream = client.makeBidiStreamRequest(info.path, info.requestSerialize, info.responseDeserialize);
    const ask = async (request: object): Promise<Reflected> => {
      stream.write(request);
      return ((await once(stream, 'data')) as [Reflected])[0];
    };
    const names = (await ask({ list_services: '' })).list_services_response?.service.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining([...new Set(methods.map(({ service }) => service))]));
    const { file_descriptor_response: answer } = await ask({ file_containing_symbol: 'souk.deployment.v1.DeploymentService' });
    stream.end();
    const files = answer!.file_descriptor_proto.map((bytes) => FileDescriptorProto.decode(bytes) as IFileDescriptorProto);
    const known = new Set(files.map(({ name }) => name));
    for (const { dependency } of files) for (const name of dependency as string[]) expect(known).toContain(name);
    const request = files.flatMap(({ messageType }) => messageType ?? []).find(({ name }) => name === 'CreateInstanceRequest')!;
    expect(request.nestedType?.map(({ name }) => name)).toEqual(['ParametersEntry', 'SecretsEntry']);
    expect(request.field?.find(({ name }) => name === 'reason')).toMatchObject({ proto3Optional: true });
  });
});

interface Reflected {
  readonly list_services_response?: { readonly service: readonly { readonly name: string }[] };
  readonly file_descriptor_response?: { readonly file_descriptor_proto: readonly Buffer[] };
}
