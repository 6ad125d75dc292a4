import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { parse as parseYaml } from 'yaml';
import { badRequest, unsupportedMediaType } from '../objects/api-error';
import { APPLY_PATCH } from './patches';
import { decodeProtobuf, PROTOBUF } from './protobuf';

const YAML_TYPES = [APPLY_PATCH, 'application/yaml'];
const JSON_TYPES = [
  'application/json',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
];

/** Reads JSON, YAML and what kubectl sends as protobuf; text goes through the parser that refuses `__proto__`. Anything else is 415. */
export const addBodyParsers = (app: FastifyInstance): void => {
  const parseJson = app.getDefaultJsonParser('error', 'ignore');
  app.removeAllContentTypeParsers();
  const readJson: Parser = (request, body, done) => {
    if (body === '') done(null, undefined);
    else
      void parseJson(request, body, (error, value) =>
        done(error ? badRequest(`couldn't get version/kind; json parse error: ${error.message}`) : null, value),
      );
  };
  app.addContentTypeParser<string>(JSON_TYPES, { parseAs: 'string' }, readJson);
  app.addContentTypeParser(YAML_TYPES, { parseAs: 'string' }, (request, body, done) => {
    let json = (body as string).trimStart();
    try {
      if (!json.startsWith('{')) json = JSON.stringify(parseYaml(json, { maxAliasCount: 50 }) ?? null);
    } catch (error) {
      done(badRequest(`error converting YAML to JSON: ${(error as Error).message}`));
      return;
    }
    void parseJson(request, json, (error, value) => done(error ? badRequest(error.message) : null, value));
  });
  app.addContentTypeParser(PROTOBUF, { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, body.length === 0 ? undefined : decodeProtobuf(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
  app.addContentTypeParser<string>('*', { parseAs: 'string' }, (request, body, done) => {
    // Who says nothing means JSON: some commands of kubectl 1.20 do so.
    if (request.headers['content-type'] === undefined) readJson(request, body, done);
    else done(unsupportedMediaType([...JSON_TYPES, ...YAML_TYPES]));
  });
};

type Parser = (request: FastifyRequest, body: string, done: (error: Error | null, value?: unknown) => void) => void;
