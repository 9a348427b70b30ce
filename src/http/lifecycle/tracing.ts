/** W3C Trace Context: named in the log, and spans for an SDK of OpenTelemetry, if one was loaded before. */
import {
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { AnswerObserver } from './answered.js';
import { requestPath } from '../request-path.js';

export interface TraceIds {
  readonly trace_id: string;
  readonly span_id: string;
}

const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;

export class Tracing {
  private readonly tracer = loadedTracer();
  private readonly traced = new WeakMap<FastifyRequest, { readonly span: Span; readonly active: Context }>();

  begin(fastify: FastifyInstance): void {
    const { tracer, traced } = this;
    if (!tracer) return;
    fastify.addHook('onRequest', (request, _, done) => {
      const parent = propagation.extract(ROOT_CONTEXT, request.headers);
      const span = startSpan(tracer, request, parent);
      const active = trace.setSpan(parent, span);
      traced.set(request, { span, active });
      context.with(active, done);
    });
    // A body is read in the context of its socket.
    fastify.addHook('preValidation', (request, _, done) => {
      context.with(traced.get(request)?.active ?? ROOT_CONTEXT, done);
    });
  }

  /** Of the span; without an SDK those of the caller's, if it sent them. */
  idsOf(request: FastifyRequest): TraceIds | undefined {
    const span = this.traced.get(request)?.span.spanContext();
    if (span) return { trace_id: span.traceId, span_id: span.spanId };
    const { traceparent } = request.headers;
    return typeof traceparent === 'string' ? parseTraceparent(traceparent) : undefined;
  }

  readonly end: AnswerObserver = (request, reply) => {
    const span = this.traced.get(request)?.span;
    if (!span) return;
    span.setAttribute('http.response.status_code', reply.statusCode);
    if (reply.statusCode >= 500) {
      span.setAttribute('error.type', reply.problemCode ?? String(reply.statusCode));
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end();
  };
}

/** @returns undefined for what is not valid (https://www.w3.org/TR/trace-context/#traceparent-header) */
export function parseTraceparent(header: string): TraceIds | undefined {
  const [, version, traceId, spanId, more] = TRACEPARENT.exec(header) ?? [];
  if (traceId === undefined || spanId === undefined || (version === '00' && more !== undefined)) return undefined;
  return { trace_id: traceId, span_id: spanId };
}

function loadedTracer(): Tracer | undefined {
  const provider = trace.getTracerProvider() as TracerProvider & {
    getDelegateTracer?: (name: string) => Tracer | undefined;
  };
  return provider.getDelegateTracer ? provider.getDelegateTracer('roost') : provider.getTracer('roost');
}

function startSpan(tracer: Tracer, request: FastifyRequest, parent: Context): Span {
  const { method, routeOptions, protocol } = request;
  const route = routeOptions.url;
  const attributes = {
    'http.request.method': method,
    'url.path': requestPath(request),
    'url.scheme': protocol,
    ...(route !== undefined && { 'http.route': route }),
  };
  const name = route === undefined ? method : `${method} ${route}`;
  return tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
}
