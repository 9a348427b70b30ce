/** Stands for @nestjs/swagger in the build (scripts/build.mjs). The package takes a fifth of a start, so it is loaded for the document only. */
type Swagger = typeof import('@nestjs/swagger');
type Decorate = (...target: unknown[]) => void;
type Make = (...options: unknown[]) => Decorate;

const waiting: ((swagger: Swagger) => void)[] = [];

export const ApiBody = later('ApiBody');
export const ApiExcludeController = later('ApiExcludeController');
export const ApiExtension = later('ApiExtension');
export const ApiExtraModels = later('ApiExtraModels');
export const ApiHeader = later('ApiHeader');
export const ApiOperation = later('ApiOperation');
export const ApiParam = later('ApiParam');
export const ApiProperty = later('ApiProperty');
export const ApiResponse = later('ApiResponse');
export const ApiTags = later('ApiTags');

export function getSchemaPath({ name }: { readonly name: string }): string {
  return `#/components/schemas/${name}`;
}

function later(name: keyof Swagger): Make {
  return (...options) =>
    (...target) => {
      waiting.push((swagger) => {
        (swagger[name] as Make)(...options)(...target);
      });
    };
}

export async function loadSwagger(): Promise<Swagger> {
  const swagger = await import('@nestjs/swagger');
  for (const decorate of waiting.splice(0)) decorate(swagger);
  return swagger;
}

export type { Swagger };
