/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), read from a response. */

export interface ServerEvent {
  id?: string;
  event?: string;
  data?: string;
  retry?: string;
}

/** Ends with the connection, also when that is cut or silent. @param silenceMs a half-open connection says nothing for ever */
export async function* readEvents(body: ReadableStream<Uint8Array>, silenceMs: number): AsyncGenerator<ServerEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await readWithin(reader, silenceMs);
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

/** A failed or silent connection is at its end. */
async function readWithin(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  ms: number,
): Promise<{ done: boolean; value?: Uint8Array | undefined }> {
  const ended = { done: true };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silent = new Promise<typeof ended>((resolve) => {
    timer = setTimeout(resolve, ms, ended);
  });
  const given = await Promise.race([reader.read().catch(() => ended), silent]);
  clearTimeout(timer);
  return given;
}

function eventOf(frame: string): ServerEvent {
  const event: ServerEvent = {};
  for (const line of frame.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) event[line.slice(0, colon) as keyof ServerEvent] = line.slice(colon + 1).replace(/^ /, '');
  }
  return event;
}
