import { ApiProperty } from '@nestjs/swagger';

export interface Shown {
  readonly nullable?: boolean;
  readonly required?: boolean;
}

export const ApiText = (maxLength: number, shown: Shown = {}): PropertyDecorator =>
  ApiProperty({ type: 'string', maxLength, ...shown });

export const ApiUuid = (shown: Shown = {}): PropertyDecorator =>
  ApiProperty({ type: 'string', format: 'uuid', ...shown });

export const ApiTime = (shown: Shown = {}): PropertyDecorator =>
  ApiProperty({ type: 'string', format: 'date-time', ...shown });

export const ApiIp = (shown: Shown = {}): PropertyDecorator => ApiProperty({ type: 'string', maxLength: 45, ...shown });

/** A whole number in decimal that JavaScript's numbers may not hold. */
export const ApiBigint = (): PropertyDecorator =>
  ApiProperty({ type: 'string', pattern: '^[1-9][0-9]*$', maxLength: 19 });

export const ApiCount = (shown: Shown = {}): PropertyDecorator =>
  ApiProperty({ type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER, ...shown });
