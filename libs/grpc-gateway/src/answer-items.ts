/** The stream of an answer has ended with an error, and not with its last item. */
export class StreamBroken extends Error {
  constructor() {
    super('the stream has broken off: call again with the position of the last event');
    this.name = new.target.name;
  }
}

/** The documents of a streamed answer: server-sent events, or lines of JSON. */
export function itemsOf(contentType: string, body: AsyncIterable<Uint8Array>): AsyncIterable<unknown> {
  return contentType.startsWith('text/event-stream') ? serverSentEvents(body) : jsonLines(body);
}

/**
 * Server-sent events (WHATWG HTML, 9.2) as objects: the members of the data, the id as `position`, the type as `type`. Signs of life
 * are left out, since HTTP/2 has its own.
 * @throws StreamBroken
 */
async function* serverSentEvents(body: AsyncIterable<Uint8Array>): AsyncIterable<object> {
  let event: { position?: string; type?: string; data: string } = { data: '' };
  for await (const line of linesOf(body)) {
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'id') event.position = value;
    if (field === 'event') event.type = value;
    if (field === 'data') event.data += value;
    if (line !== '') continue;
    const { data, position, type } = event;
    event = { data: '' };
    if (type === 'error') throw new StreamBroken();
    if (data === '' || type === 'heartbeat') continue;
    yield { ...(position !== undefined && { position }), ...(type !== undefined && { type }), ...(JSON.parse(data) as object) };
  }
}

async function* jsonLines(body: AsyncIterable<Uint8Array>): AsyncIterable<unknown> {
  for await (const line of linesOf(body)) if (line !== '') yield JSON.parse(line);
}

/** Without their ends; what is behind the last one is no line. */
async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n/);
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
