import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

const ANSWER = 'hello there';

/**
 * A model on this machine that answers every question with the same words, in the ways that the agents of Anthropic, OpenAI and
 * Google ask it. Nothing leaves the machine, and no account is needed.
 */
export async function startModelServer(): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => answer(request.url ?? '', response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function answer(url: string, response: ServerResponse): void {
  if (url.includes('count_tokens')) json(response, { input_tokens: 5 });
  else if (url.includes('/v1/messages')) stream(response, MESSAGES);
  else if (url.includes('/responses')) stream(response, RESPONSES);
  else if (url.includes('streamGenerateContent')) stream(response, [GENERATED]);
  else if (url.includes('generateContent')) json(response, GENERATED);
  else {
    response.writeHead(404, { 'content-type': 'application/json' });
    response.end('{"type":"error","error":{"type":"not_found_error","message":"none"}}');
  }
}

function json(response: ServerResponse, value: object): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

function stream(response: ServerResponse, events: readonly object[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of events) {
    const name = 'type' in event ? `event: ${String(event.type)}\n` : '';
    response.write(`${name}data: ${JSON.stringify(event)}\n\n`);
  }
  response.end();
}

const MESSAGES = [
  {
    type: 'message_start',
    message: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 3, output_tokens: 1 },
    },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ANSWER } },
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 4 } },
  { type: 'message_stop' },
];

const ITEM = {
  type: 'message',
  role: 'assistant',
  id: 'm1',
  status: 'completed',
  content: [{ type: 'output_text', text: ANSWER, annotations: [] }],
};
const USAGE = {
  input_tokens: 1,
  input_tokens_details: null,
  output_tokens: 1,
  output_tokens_details: null,
  total_tokens: 2,
};
const RESPONSES = [
  { type: 'response.created', response: { id: 'r1' } },
  { type: 'response.output_item.added', output_index: 0, item: { ...ITEM, content: [] } },
  { type: 'response.output_item.done', output_index: 0, item: ITEM },
  { type: 'response.completed', response: { id: 'r1', usage: USAGE } },
];

const GENERATED = {
  candidates: [{ content: { role: 'model', parts: [{ text: ANSWER }] }, finishReason: 'STOP', index: 0 }],
  usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
};
