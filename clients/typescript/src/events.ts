/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), read from a response. */

export interface ServerEvent {
  id?: string;
  event?: string;
  data?: string;
  retry?: string;
}

export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const frames = text.split('\n\n');
      text = frames.pop() ?? '';
      for (const frame of frames) yield eventOf(frame);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function eventOf(frame: string): ServerEvent {
  const event: ServerEvent = {};
  for (const line of frame.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) event[line.slice(0, colon) as keyof ServerEvent] = line.slice(colon + 1).replace(/^ /, '');
  }
  return event;
}
