import { apiVersionOf, type Resource, RESOURCES } from '../objects/resources';

/** How kubectl up to 1.26 asks for the document; newer ones read v3. */
export const OPENAPI_V2_PROTOBUF = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';

/**
 * The part of an OpenAPI v2 document that kubectl needs: which kinds can be patched, and that the server does so on trial too. There
 * are no definitions, so kubectl leaves validation to the server. Field numbers: OpenAPIv2.proto of github.com/google/gnostic.
 */
export const openApiV2 = (): Buffer => Buffer.concat([text(1, '2.0'), part(8, ...RESOURCES.map(namedPath))]);

const namedPath = (resource: Resource): Buffer => {
  const root = resource.group ? `/apis/${apiVersionOf(resource)}` : '/api/v1';
  return part(2, text(1, `${root}/${resource.plural}/{name}`), part(2, part(8, ...patchOperation(resource))));
};

const patchOperation = ({ group, version, kind }: Resource): Buffer[] => [
  ...['dryRun', 'fieldManager', 'force'].map(queryParameter),
  part(13, text(1, 'x-kubernetes-group-version-kind'), part(2, text(2, JSON.stringify({ group, kind, version })))),
];

/** ParametersItem → Parameter → NonBodyParameter → QueryParameterSubSchema. */
const queryParameter = (name: string): Buffer => part(8, part(1, part(2, part(3, text(2, 'query'), text(4, name)))));

const text = (field: number, value: string): Buffer => part(field, Buffer.from(value));

/** A field of wire type 2. */
const part = (field: number, ...content: Buffer[]): Buffer => {
  const bytes = Buffer.concat(content);
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes]);
};

const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
};
