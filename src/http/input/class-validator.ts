/** The parts of class-validator that are used. Its index loads a hundred more, and the telephone numbers of all countries. */
import { createRequire } from 'node:module';

type Library = typeof import('class-validator');

const require = createRequire(import.meta.url);

export const { ValidateBy } = part<'ValidateBy'>('decorator/common/ValidateBy');
export const { ValidateIf } = part<'ValidateIf'>('decorator/common/ValidateIf');
export const { isEmail } = part<'isEmail'>('decorator/string/IsEmail');
export const { isUUID } = part<'isUUID'>('decorator/string/IsUUID');
export const { getMetadataStorage } = part<'getMetadataStorage'>('metadata/MetadataStorage');
const { Validator } = part<'Validator'>('validation/Validator');
export const validator = new Validator();

function part<Name extends keyof Library>(path: string): Pick<Library, Name> {
  return require(`class-validator/cjs/${path}.js`) as Pick<Library, Name>;
}
