import { Injectable, type Type } from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import { RequestMethod } from '@nestjs/common';

import { scopeGroupOf, scopeOf } from '../../common/access.js';

const OF_ADMINS = 'admin:';

@Injectable()
export class Scopes {
  private known: ReadonlySet<string> | undefined;

  constructor(private readonly modules: ModulesContainer) {}

  get all(): ReadonlySet<string> {
    return (this.known ??= new Set([...this.neededByRoutes()].sort()));
  }

  private *neededByRoutes(): Generator<string> {
    for (const module of this.modules.values())
      for (const { metatype } of module.controllers.values()) yield* neededBy(metatype as Type);
  }
}

export function isOfAdmins(scope: string): boolean {
  return scope.startsWith(OF_ADMINS);
}

function* neededBy(controller: Type): Generator<string> {
  for (const name of Object.getOwnPropertyNames(controller.prototype)) {
    const handler = (controller.prototype as Record<string, unknown>)[name];
    if (typeof handler !== 'function') continue;
    const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
    const group = scopeGroupOf(handler, controller);
    if (method !== undefined && group !== undefined) yield scopeOf(group, RequestMethod[method]);
  }
}
